import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Verification } from '../../../src/delivery/signing/scheme.ts'
import { schemeNamed } from '../../../src/delivery/signing/schemes.ts'
import { Signer } from '../../../src/delivery/signing/signer.ts'

const privateKey = `whsk_${Buffer.alloc(32, 3).toString('base64')}`
const request = { id: 'msg_1', timestamp: 1_700_000_000, body: Buffer.from('{"a":1}') }

function verify(
  name: string,
  headers: Readonly<Record<string, string>>,
  secret: string,
): Verification['kind'] {
  const scheme = schemeNamed(name)
  const input = { header: (each: string) => headers[each], body: request.body, now: 1_700_000_000 }
  return scheme.verify(input, [scheme.prepare(secret)]).kind
}

describe('Signer', () => {
  it('signs by every scheme of its endpoint', () => {
    const headers = new Signer(['servo', 'standard', 'axme'], ['s3cr3t']).headers(request)

    assert.deepEqual(Object.keys(headers), [
      'x-servo-signature',
      'webhook-id',
      'webhook-timestamp',
      'webhook-signature',
      'x-axme-signature',
    ])
  })

  it('signs with all secrets where a scheme carries several values, else with the first', () => {
    const headers = new Signer(['servo', 'standard'], ['new', 'old']).headers(request)

    assert.match(headers['webhook-signature'] ?? '', /^v1,\S{44} v1,\S{44}$/)
    assert.equal(verify('standard', headers, 'new'), 'verified')
    assert.equal(verify('standard', headers, 'old'), 'verified')
    assert.equal(verify('servo', headers, 'new'), 'verified')
    assert.equal(verify('servo', headers, 'old'), 'mismatch')
  })

  it('puts the signatures of both kinds of Standard Webhooks into one header, each by its own secret', () => {
    const secrets = ['shared', privateKey]

    const headers = new Signer(['standard', 'standard-v1a'], secrets).headers(request)

    assert.match(headers['webhook-signature'] ?? '', /^v1,\S{44} v1a,\S{88}$/)
    assert.equal(headers['webhook-id'], 'msg_1')
    assert.equal(verify('standard', headers, 'shared'), 'verified')
    assert.equal(verify('standard-v1a', headers, privateKey), 'verified')
  })

  it('signs nothing without schemes', () => {
    assert.deepEqual(new Signer([], []).headers(request), {})
  })

  it('takes a scheme that is listed twice once', () => {
    const headers = new Signer(['standard', 'standard'], ['s']).headers(request)

    assert.match(headers['webhook-signature'] ?? '', /^v1,\S{44}$/)
  })

  it('refuses secrets of the wrong kind, and a public key to sign with', () => {
    const publicKey = 'whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo='

    assert.throws(() => new Signer(['standard'], [privateKey]), { code: 'SECRET_INVALID' })
    assert.throws(() => new Signer(['standard-v1a'], ['shared']), { code: 'SECRET_INVALID' })
    assert.throws(() => new Signer(['standard-v1a'], [publicKey]), { code: 'SECRET_INVALID' })
  })

  it('says which scheme can not sign a request', () => {
    const notJson = { ...request, body: Buffer.from('hello') }

    assert.throws(() => new Signer(['pyfly'], ['s']).headers(notJson), {
      code: 'SIGNATURE_INVALID',
      message: '`pyfly` signs a JSON body: there is none',
    })
    assert.throws(() => new Signer(['twilio'], ['s']).headers(request), /signs the URL/)
  })

  for (const timestamp of [1.5, -1, Number.NaN, 2 ** 53]) {
    it(`does not sign ${timestamp} as a time`, () => {
      const signer = new Signer(['standard'], ['s'])

      assert.throws(() => signer.headers({ ...request, timestamp }), TypeError)
    })
  }
})
