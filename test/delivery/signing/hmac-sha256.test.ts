import assert from 'node:assert/strict'
import { createHmac, createSecretKey } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { hmacSha256 } from '../../../src/delivery/signing/hmac-sha256.ts'

const aKey = fc.uint8Array({ minLength: 1, maxLength: 200 })
const aStart = fc.string({ unit: 'binary', maxLength: 40 })
const aBody = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  // About where messages are no longer copied.
  fc.integer({ min: 16_200, max: 16_500 }).map((length) => new Uint8Array(length).fill(length)),
)
const anEncoding = fc.constantFrom('hex' as const, 'base64' as const)

describe('an HMAC made of two hashes', () => {
  it('is what `createHmac` gives, for any key, text and body', () => {
    fc.assert(
      fc.property(aKey, aStart, aBody, anEncoding, (secret, start, body, encoding) => {
        const key = createSecretKey(secret)
        const expected = createHmac('sha256', key).update(start).update(body).digest(encoding)

        assert.equal(hmacSha256(key, start, body, encoding), expected)
        assert.equal(hmacSha256(key, start, body, encoding), expected, 'the second time too')
      }),
    )
  })

  it('is that of RFC 4231, with a short key and with one longer than a block', () => {
    const short = createSecretKey(Buffer.from('Jefe'))
    const long = createSecretKey(Buffer.alloc(131, 0xaa))

    assert.equal(
      hmacSha256(short, 'what do ya want ', Buffer.from('for nothing?'), 'hex'),
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    )
    assert.equal(
      hmacSha256(
        long,
        '',
        Buffer.from('Test Using Larger Than Block-Size Key - Hash Key First'),
        'hex',
      ),
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    )
  })
})
