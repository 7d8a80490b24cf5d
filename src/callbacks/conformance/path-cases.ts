import assert from 'node:assert/strict'
import type { CallbackAction } from '../callback.ts'
import { signCallback } from '../callback-signature.ts'
import { encoded } from './access-cases.ts'
import { secret } from './secrets.ts'
import type { Scenario } from './stage.ts'

const nobodys = '0b0e7d5c-5b0e-4b9c-9d0a-6a1f0c2d3e4f'
const invalidId = 'validation error: callback id must be a UUID'
const actions: readonly CallbackAction[] = ['complete', 'fail', 'heartbeat']

/** Where requests go. */
export const pathCases: readonly Scenario[] = [
  ...actions.map(
    (action): Scenario => ({
      name: `knows no callback for ${action} of an id that nobody has`,
      run: (wire) => wire.refuses({ id: nobodys, action }, 404, `callback not found: ${nobodys}`),
    }),
  ),
  badId('that is no UUID', 'abc'),
  badId('that is missing', ''),
  badId('without its hyphens', nobodys.replaceAll('-', '')),
  badId('with a digit too many', `${nobodys}0`),
  badId('that is very long', 'a'.repeat(2_000)),
  badId('with a space', `${nobodys}%20`),
  badId('that is percent-encoded, though what was encoded is one', encoded(nobodys)),
  {
    name: 'refuses an id with a broken percent-encoding',
    async run(wire) {
      const id = `${nobodys}%zz`
      const { status, body } = await wire.send({ id })
      // A framework that decodes before it routes says so in its own words.
      assert.equal(status, 400)
      assert.ok(typeof body === 'object' && body !== null && 'error' in body)
    },
  },
  {
    name: 'finds an id in upper case, signed as it stands in the path',
    async run(wire) {
      const id = await wire.create()
      const { status, body } = await wire.send({ id: id.toUpperCase() })
      assert.deepEqual([status, body], [200, { id, state: 'Completed' }])
    },
  },
  {
    name: 'refuses the signature of the id in another case than in the path',
    async run(wire) {
      const id = await wire.create()
      const signature = signCallback(id, secret)
      const path = `/${id.toUpperCase()}/complete`
      await wire.refuses({ id, path, signature }, 401, 'invalid callback signature')
    },
  },
  {
    name: 'takes no notice of a query',
    async run(wire) {
      const id = await wire.create()
      await wire.takes({ id, path: `/${id}/complete?a=/fail` }, 'Completed')
    },
  },
  noRoute('another action', (id) => `/${id}/approve`),
  noRoute('an action in another case', (id) => `/${id}/Complete`),
  noRoute('no action', (id) => `/${id}`),
  noRoute('an action with a slash after it', (id) => `/${id}/complete/`),
  noRoute('more after the action', (id) => `/${id}/complete/now`),
  noRoute('something before the id', (id) => `/x/${id}/complete`),
  ...['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].map(wrongMethod),
  ...actions.map(
    (action): Scenario => ({
      name: `refuses to ${action} by PUT in words`,
      run: (wire) => wire.refuses({ method: 'PUT', action }, 405, 'method not allowed'),
    }),
  ),
]

function badId(how: string, id: string): Scenario {
  return {
    name: `refuses an id ${how}`,
    run: (wire) =>
      wire.refuses(
        { path: `/${id}/complete`, signature: signCallback(id, secret) },
        400,
        invalidId,
      ),
  }
}

function noRoute(what: string, pathOf: (id: string) => string): Scenario {
  return {
    name: `has no route for ${what}`,
    async run(wire) {
      const id = await wire.create()
      const { status } = await wire.send({ id, path: pathOf(id) })
      assert.equal(status, 404)
      assert.equal((await wire.find(id))?.state, 'WaitingExternal')
    },
  }
}

function wrongMethod(method: string): Scenario {
  return {
    name: `refuses ${method}`,
    async run(wire) {
      const id = await wire.create()
      const { status, headers } = await wire.send({ id, method })
      assert.deepEqual([status, headers.get('allow')], [405, 'POST'])
      assert.equal((await wire.find(id))?.state, 'WaitingExternal')
    },
  }
}
