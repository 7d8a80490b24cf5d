import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { schemeNames } from '../../../src/delivery/signing/schemes.ts'
import { signedForm } from '../../../src/delivery/signing/signed-form.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (body: Uint8Array): string => new TextDecoder().decode(body)

describe('the form in which a body is sent', () => {
  it('is canonical JSON under pyfly, whatever other schemes sign it too', () => {
    const body = bytes('{"b": "größe 🎒", "a": [1.0, 1e21, 10]}')

    assert.equal(
      text(signedForm(['servo', 'pyfly', 'standard'], body)),
      '{"a":[1.0,1e+21,10],"b":"gr\\u00f6\\u00dfe \\ud83c\\udf92"}',
    )
  })

  it('is the very bytes under every other scheme, and without any', () => {
    const others = schemeNames.filter((name) => name !== 'pyfly')

    fc.assert(
      fc.property(fc.uint8Array(), (body) => {
        assert.equal(signedForm(others, body), body)
        assert.equal(signedForm([], body), body)
      }),
      { numRuns: 20 },
    )
  })

  it('is missing under pyfly for what is not JSON', () => {
    assert.throws(() => signedForm(['pyfly'], bytes('{')), { code: 'SIGNATURE_INVALID' })
  })
})
