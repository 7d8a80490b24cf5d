import assert from 'node:assert/strict'
import { standard } from '../../delivery/signing/standard.ts'
import type { CallbackAction } from '../callback.ts'
import type { CallbackRoutesConfig } from '../callback-http.ts'
import { signCallback } from '../callback-signature.ts'
import type { FailingKind } from './failing-store.ts'
import { otherSecret, secret } from './secrets.ts'
import type { Scenario } from './stage.ts'

const actions: readonly CallbackAction[] = ['complete', 'fail', 'heartbeat']
const unsigned: CallbackRoutesConfig = { allowUnsigned: true }
const rotated: CallbackRoutesConfig = { secret: [otherSecret, secret] }
const twofold: CallbackRoutesConfig = { secret, signatures: ['standard'] }
const invalid = 'invalid callback signature'
const body = '{"payload":1}'

/** How servers may be set up, and what happens when their store is away. */
export const configCases: readonly Scenario[] = [
  {
    name: 'takes what is unsigned where that is allowed',
    config: unsigned,
    run: async (wire) => void (await wire.takes({ signature: null }, 'Completed')),
  },
  {
    name: 'takes any signature where none is needed',
    config: unsigned,
    run: async (wire) => void (await wire.takes({ signature: 'nonsense' }, 'Completed')),
  },
  ...[secret, otherSecret].map(
    (each, index): Scenario => ({
      name: `takes a signature of any secret while they are rotated: ${index + 1}`,
      config: rotated,
      async run(wire) {
        const id = await wire.create()
        await wire.takes({ id, signature: signCallback(id, each) }, 'Completed')
      },
    }),
  ),
  {
    name: 'refuses a signature of a third secret while two are rotated',
    config: rotated,
    async run(wire) {
      const id = await wire.create()
      await wire.refuses({ id, signature: signCallback(id, 'ab'.repeat(32)) }, 401, invalid)
    },
  },
  ...['', '/', '/a/b/c', 'hooks/', '/v1.0/call-backs'].flatMap(prefixed),
  ...(['away', 'read-only'] as const).flatMap((store) =>
    actions.map((action) => fails(store, action, 503, 'store unavailable')),
  ),
  ...actions.map((action) => fails('broken', action, 500, 'internal server error')),
  {
    name: 'asks for the signature before the store',
    store: 'away',
    run: (wire) => wire.refuses({ signature: null }, 401, 'missing X-Awa-Signature header'),
  },
  {
    name: 'takes a body with a Standard Webhooks signature where that is demanded',
    config: twofold,
    async run(wire) {
      const id = await wire.create()
      await wire.takes({ id, body, headers: standardHeaders(id) }, 'Completed')
    },
  },
  notStandard('without one', () => ({})),
  notStandard('six minutes old', (id) => standardHeaders(id, { ageSeconds: 360 })),
  notStandard('of another body', (id) => standardHeaders(id, { body: '{"payload":2}' })),
  notStandard('of another secret', (id) => standardHeaders(id, { secret: otherSecret })),
  notStandard('of another id', () => standardHeaders('0b0e7d5c-5b0e-4b9c-9d0a-6a1f0c2d3e4f')),
  {
    name: 'refuses a body with a Standard Webhooks signature alone',
    config: twofold,
    async run(wire) {
      const id = await wire.create()
      const headers = standardHeaders(id)
      const error = 'missing X-Awa-Signature header'
      await wire.refuses({ id, body, headers, signature: null }, 401, error)
    },
  },
]

function prefixed(pathPrefix: string): readonly Scenario[] {
  const config = { secret, pathPrefix }
  return [
    ...actions.map(
      (action): Scenario => ({
        name: `has the route ${action} below the prefix \`${pathPrefix}\``,
        config,
        async run(wire) {
          const { status } = await wire.send({ action })
          assert.equal(status, 200)
        },
      }),
    ),
    {
      name: `has no route deeper than the prefix \`${pathPrefix}\``,
      config,
      async run(wire) {
        const id = await wire.create()
        assert.equal((await wire.send({ id, path: `/api/callbacks/${id}/complete` })).status, 404)
        assert.equal((await wire.find(id))?.state, 'WaitingExternal')
      },
    },
  ]
}

function fails(
  store: FailingKind,
  action: CallbackAction,
  status: number,
  error: string,
): Scenario {
  return {
    name: `answers ${status} to ${action} when the store is ${store}`,
    store,
    run: (wire) => wire.refuses({ action }, status, error),
  }
}

function notStandard(how: string, headersOf: (id: string) => Record<string, string>): Scenario {
  return {
    name: `refuses a body with a Standard Webhooks signature ${how} where one is demanded`,
    config: twofold,
    async run(wire) {
      const id = await wire.create()
      await wire.refuses({ id, body, headers: headersOf(id) }, 401, invalid)
    },
  }
}

interface Alterations {
  readonly ageSeconds?: number
  readonly body?: string
  readonly secret?: string
}

function standardHeaders(id: string, alterations: Alterations = {}): Record<string, string> {
  const { ageSeconds = 0, body: signedBody = body, secret: key = secret } = alterations
  const timestamp = Math.floor(Date.now() / 1_000) - ageSeconds
  const input = { id, timestamp, body: Buffer.from(signedBody) }
  return { ...standard.sign(input, [standard.prepare(key)]) }
}
