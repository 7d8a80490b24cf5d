import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deliveredBody } from '../../../../plugins/ingress/intake/delivered-body.ts'
import { maskedHeaders } from '../../../../plugins/ingress/intake/masked-headers.ts'
import type { JsonObject } from '../../../../plugins/ingress/providers/provider.ts'
import { receiver } from '../../../helpers/receiver.ts'
import { signedAcme, startIngress } from '../ingress-host.ts'

describe('what is kept of headers', () => {
  it('has no credential and no signature in it', () => {
    const kept = maskedHeaders(
      {
        authorization: 'Bearer a',
        cookie: 'a=b',
        'x-hub-signature-256': 'sha256=ab',
        'x-gitlab-token': 'token',
        'x-internal-api-key': 'key',
        'x-own-proof': 'proof',
        'x-auth': 'auth',
        'ocp-apim-subscription-key': 'key',
        'x-session-id': 'session',
        'idempotency-key': 'what it is',
        'user-agent': 'acme/1',
        'set-cookie': ['a', 'b'],
        'x-forwarded-for': ['10.0.0.1', '10.0.0.2'],
      },
      ['x-own-proof'],
    )

    assert.deepEqual(kept, {
      authorization: '***',
      cookie: '***',
      'x-hub-signature-256': '***',
      'x-gitlab-token': '***',
      'x-internal-api-key': '***',
      'x-own-proof': '***',
      'x-auth': '***',
      'ocp-apim-subscription-key': '***',
      'x-session-id': '***',
      'idempotency-key': 'what it is',
      'user-agent': 'acme/1',
      'set-cookie': '***',
      'x-forwarded-for': '10.0.0.1, 10.0.0.2',
    })
  })
})

describe('what is delivered', { timeout: 60_000 }, () => {
  it('has the provider’s numbers as the provider wrote them', async () => {
    await using to = await receiver()
    await using host = await startIngress({ callback: to.url })
    const data = '{ "id": "o-1", "total": 1.0, "big": 12345678901234567890 }'
    const body = `{"eventId":"e","eventType":"t","occurredAt":"2026-01-05T09:30:00Z","data":${data}}`

    const { status } = await host.send(...signedAcme(body))
    const [request] = await to.requests(1)

    assert.equal(status, 202)
    assert.equal(
      request?.text,
      `{"provider":"acme","eventType":"t","externalEventId":"e","data":${data}}`,
    )
  })

  it('is the payload’s own text, a member’s, or written anew', () => {
    const source = ' {"a": {"n": 1.0}, "b": [1, 2]} '
    const received: JsonObject = JSON.parse(source)
    const text = (delivered: JsonObject, from = source): string =>
      Buffer.from(deliveredBody(delivered, received, from)).toString()

    assert.equal(text({ type: 't', data: received }), `{"type":"t","data":${source.trim()}}`)
    assert.equal(text({ data: received['a'] ?? null }), '{"data":{"n": 1.0}}')
    assert.equal(text({ data: { n: 1 } }), '{"data":{"n":1}}')
    const ofForm = Buffer.from(deliveredBody({ data: received }, received, undefined)).toString()
    assert.equal(ofForm, '{"data":{"a":{"n":1},"b":[1,2]}}')
  })
})
