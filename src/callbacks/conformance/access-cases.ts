import assert from 'node:assert/strict'
import type { CallbackAction } from '../callback.ts'
import { callbackBodyLimit } from '../callback-body.ts'
import { signCallback } from '../callback-signature.ts'
import { otherSecret, secret } from './secrets.ts'
import type { Scenario } from './stage.ts'
import type { WireRequest } from './wire.ts'

const missing = 'missing X-Awa-Signature header'
const invalid = 'invalid callback signature'
const another = '550e8400-e29b-41d4-a716-446655440000'
const actions: readonly CallbackAction[] = ['complete', 'fail', 'heartbeat']

/** Known answers of the scheme `awa`: secret, id, signature, and what is wrong beside the signature. */
const vectors: readonly (readonly [string, string, number])[] = [
  ['abc', 'b1495225f01fa8cd09e410d288d09b68c1cc9fb2414686c0d3ac13fc905497d9', 400],
  [another, '00f2e95e65ca740c1589776ead574ff54dda0688fc5513f6fc15ae95b615fc52', 404],
  [another, '334c91304caebf6d653076d0be2a44db5757ac2a1579ae964015e80c049e4594', 404],
  [
    '018f0f69-63c9-7c86-bf2f-9b62d2cda6f4',
    'dba77ae5a527f9e69ece76ac22f3ddac59ce1150df843ada353a68572f06c3ad',
    404,
  ],
  ['', 'e69ae626ef8cb2dfc63d9603c9b9e35f670b47484085a417f926345f03afc586', 400],
]

/** Who is let in. */
export const accessCases: readonly Scenario[] = [
  ...actions.map((action) =>
    refused(`${action} without a signature`, { action, signature: null }, missing),
  ),
  refused('an empty signature', { signature: '' }, missing),
  refused(
    'a signature that is not ASCII',
    { signature: 'caf\u00e9' },
    'invalid X-Awa-Signature header',
  ),
  refused('a signature that is not hex', { signature: 'z'.repeat(64) }, invalid),
  refused('a signature that is too short', { signature: 'ab'.repeat(31) }, invalid),
  refused('a signature that is too long', { signature: 'ab'.repeat(33) }, invalid),
  refused('a signature of another id', { signature: signCallback(another, secret) }, invalid),
  refused('a signature of nothing', { signature: signCallback('', secret) }, invalid),
  ...actions.map(
    (action) =>
      ({
        name: `refuses ${action} with a signature of another secret`,
        run: async (wire) => {
          const id = await wire.create()
          const signature = signCallback(id, otherSecret)
          await wire.refuses({ id, action, signature }, 401, invalid)
        },
      }) satisfies Scenario,
  ),
  altered('with a scheme before it', (signature) => `sha256=${signature}`),
  altered('that came twice', (signature) => `${signature}, ${signature}`),
  altered('with one digit changed', (signature) =>
    signature.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')),
  ),
  ...['upper', 'mixed'].map(accepted),
  ...vectors.map(
    ([id, signature, status]): Scenario => ({
      name: `knows the signature of \`${id}\` (${signature.slice(0, 8)})`,
      config: { secret: [otherSecret, secret] },
      async run(wire) {
        assert.equal((await wire.send({ id, signature })).status, status)
      },
    }),
  ),
  {
    name: 'refuses the signature of the id that a path stands for when it is decoded',
    async run(wire) {
      const id = await wire.create()
      const path = `/${encoded(id)}/complete`
      await wire.refuses({ id, path, signature: signCallback(id, secret) }, 401, invalid)
    },
  },
  refused('a body that is not JSON, unsigned', { signature: null, body: '{' }, missing),
  refused('an id that is none, unsigned', { path: '/abc/complete', signature: null }, missing),
  refused(
    'an id that nobody knows, unsigned',
    { path: `/${another}/complete`, signature: null },
    missing,
  ),
  refused(
    'a body that is too long, unsigned',
    { signature: null, body: 'x'.repeat(callbackBodyLimit + 1) },
    missing,
  ),
  {
    name: 'asks for the signature of what is resolved, too',
    async run(wire) {
      const id = await wire.create()
      await wire.book.complete(id, null)
      const { status, body } = await wire.send({ id, signature: 'ab'.repeat(32) })
      assert.deepEqual([status, body], [401, { error: invalid }])
    },
  },
  {
    name: 'takes one signature for all actions of an id',
    async run(wire) {
      const id = await wire.create()
      const signature = signCallback(id, secret)
      assert.equal((await wire.send({ id, signature, action: 'heartbeat' })).status, 200)
      assert.equal((await wire.send({ id, signature, action: 'fail' })).status, 200)
      assert.equal((await wire.send({ id, signature, action: 'complete' })).status, 404)
    },
  },
]

/** One that must be answered 401, whatever else is wrong with it. */
function refused(what: string, request: WireRequest, error: string): Scenario {
  return { name: `refuses ${what}`, run: (wire) => wire.refuses(request, 401, error) }
}

function altered(how: string, alter: (signature: string) => string): Scenario {
  return {
    name: `refuses a signature ${how}`,
    async run(wire) {
      const id = await wire.create()
      await wire.refuses({ id, signature: alter(signCallback(id, secret)) }, 401, invalid)
    },
  }
}

function accepted(letters: string): Scenario {
  return {
    name: `takes a signature in ${letters} case`,
    async run(wire) {
      const id = await wire.create()
      const upper = signCallback(id, secret).toUpperCase()
      const signature =
        letters === 'upper' ? upper : upper.slice(0, 32).toLowerCase() + upper.slice(32)
      await wire.takes({ id, signature }, 'Completed')
    },
  }
}

/** The same path to whoever decodes it. */
export function encoded(id: string): string {
  return id.replace(/^./, (first) => `%${first.charCodeAt(0).toString(16)}`)
}
