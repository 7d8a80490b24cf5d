import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import { aClaim, aMessage } from '../../src/store/contract/makers.ts'
import { openStore } from '../../src/store/open-store.ts'
import { testPostgres } from '../helpers/postgres.ts'

const server = testPostgres({ fsync: false })
const url = server.database()
after(() => server[Symbol.asyncDispose]())

/** Nearly text: a byte that begins nothing, a NUL, half of a surrogate pair, one beyond Unicode, one cut short. */
const nearText = [[0xff], [0x61, 0], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x98]]

const body = fc.oneof(
  fc.uint8Array(),
  fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
  fc.constantFrom(...nearText.map((bytes) => Uint8Array.from(bytes))),
)

describe('a body', () => {
  it('is claimed as it was stored, whether it is text or not', async () => {
    await using store = await openStore(await url)

    await fc.assert(
      fc.asyncProperty(fc.array(body, { minLength: 1 }), async (bodies) => {
        await server.emptyStore(await url)
        await store.enqueue(bodies.map((each) => aMessage({ body: each })))

        const claimed = await store.claim(aClaim())

        const told = claimed.map(({ message }) => [...message.body])
        assert.deepEqual(
          told,
          bodies.map((each) => [...each]),
        )
      }),
      { numRuns: 50 },
    )
  })
})
