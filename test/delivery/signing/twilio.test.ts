import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import type { SigningInput } from '../../../src/delivery/signing/scheme.ts'
import { twilio } from '../../../src/delivery/signing/twilio.ts'

const key = twilio.prepare('twilio_auth_token_test')
const url = 'https://example.com/webhooks/sms?a=1'
const params = { To: '+15559876543', Body: 'Hello wörld', Empty: '' }

function signatureOf(input: Partial<SigningInput>): string | undefined {
  const request = { id: '', timestamp: 0, body: Buffer.from(''), ...input }
  return twilio.sign(request, [key])['x-twilio-signature']
}

describe('twilio', () => {
  it('signs the URL and the parameters in the order of their names', () => {
    const signed = `${url}BodyHello wörldEmptyTo+15559876543`

    const signature = signatureOf({ url, params })

    const hmac = createHmac('sha1', 'twilio_auth_token_test').update(signed, 'utf8')
    assert.equal(signature, hmac.digest('base64'))
  })

  it('reads the parameters out of a form when none are given', () => {
    const form = Buffer.from('To=%2B15559876543&Body=Hello+w%C3%B6rld&Empty=')

    assert.equal(signatureOf({ url, body: form }), signatureOf({ url, params }))
  })

  it('takes each distinct value of a name once', () => {
    const form = Buffer.from('x=2&x=1&x=2')

    const signature = signatureOf({ url, params: { x: ['1', '2'] } })

    assert.equal(signatureOf({ url, body: form }), signature)
    assert.notEqual(signatureOf({ url, params: { x: ['1'] } }), signature)
  })

  it('refuses another URL and other parameters', () => {
    const header = () => signatureOf({ url, params })
    const request = { header, body: Buffer.from(''), now: 0, url, params }
    const kindOf = (change: object) => twilio.verify({ ...request, ...change }, [key]).kind

    assert.equal(kindOf({}), 'verified')
    assert.equal(kindOf({ url: url.replace('https', 'http') }), 'mismatch')
    assert.equal(kindOf({ params: { ...params, Body: 'hello wörld' } }), 'mismatch')
    assert.equal(kindOf({ url: undefined }), 'malformed')
  })
})
