import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { payloadDigest } from '../../../../plugins/ingress/intake/canonical-payload.ts'
import { idempotencyKeyOf } from '../../../../plugins/ingress/intake/idempotency-key.ts'
import type { Json } from '../../../../src/bus/outcome-json.ts'
import { type IngressHost, signedAcme, startIngress } from '../ingress-host.ts'

let host: IngressHost
before(async () => {
  host = await startIngress({
    integrations: [
      `{ provider: orders, verify: none, normalize: { type: /kind }, callback_url: 'http://127.0.0.1:9/' }`,
    ],
  })
})
after(() => host[Symbol.asyncDispose]())

describe('a webhook that comes again', { timeout: 60_000 }, () => {
  it('is 200 with the event it became, and noted', async () => {
    const id = await host.accepted({ eventId: 'again' })

    const answered = await host.post({ eventId: 'again' })

    assert.equal(answered.status, 200)
    assert.deepEqual(answered.json, {
      success: true,
      data: { eventId: id, status: 'duplicate', duplicate: true, correlationId: `duplicate:${id}` },
      meta: {},
    })
    assert.deepEqual(await payloadsDiffer(id), [false])
  })

  it('is the same however its JSON is written, and says so when it is not', async () => {
    const id = await host.accepted({ eventId: 'written' })
    const { eventId, ...rest } = {
      eventId: 'written',
      eventType: 'order.created',
      occurredAt: '2026-01-05T09:30:00Z',
      data: { total: 42, id: 'order-1' },
    }

    await host.send(...signedAcme(JSON.stringify({ ...rest, eventId }, null, 2)))
    await host.post({ eventId, data: { id: 'order-1', total: 43 } })

    assert.deepEqual(await payloadsDiffer(id), [false, true])
  })

  it('is known by what it says, where its provider gives no id', async () => {
    const first = await orders('{"kind":"paid","n":1}')
    const again = await orders('{ "n": 1, "kind": "paid" }')
    const other = await orders('{"kind":"paid","n":2}')

    assert.deepEqual([first.status, again.status, other.status], [202, 200, 202])
    const { data } = await host.get(`/events/${String(first.json['data']?.['eventId'])}`)
    const key = String(data?.['webhook']?.['idempotencyKey'])
    assert.equal(key, `orders:payload:${payloadDigest({ n: 1, kind: 'paid' })}`)
    assert.equal(data?.['webhook']?.['signatureValid'], false)
  })

  it('is no duplicate of one that was refused', async () => {
    const refused = await host.send(...signedAcme('{"eventId":"refused"}'))
    const forged = await host.post({ eventId: 'refused' }, { 'x-acme-signature': '00' })

    const taken = await host.post({ eventId: 'refused' })

    assert.deepEqual([refused.status, forged.status, taken.status], [400, 401, 202])
  })

  it('tells providers apart that use the same ids', () => {
    assert.equal(idempotencyKeyOf('acme', 'evt-1', {}), 'acme:evt-1')
    assert.equal(idempotencyKeyOf('globex', 'evt-1', {}), 'globex:evt-1')
  })
})

describe('the digest of a payload', () => {
  it('does not depend on the order of members, and on nothing else', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        const [a, b] = [toJson(one), toJson(other)]
        assert.equal(payloadDigest(a), payloadDigest(reversed(a)))
        const isSame = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
        assert.equal(payloadDigest(a) === payloadDigest(b), isSame)
      }),
    )
  })

  it('is the SHA-256 of the key-sorted JSON', () => {
    const digest = '43258cff783fe7036d8a43033f830adfc60ec037382473548ac742b888292777'
    assert.equal(payloadDigest({ b: 2, a: 1 }), digest)
  })
})

function orders(body: string): ReturnType<IngressHost['send']> {
  const headers = { 'content-type': 'application/json' }
  return host.send('/api/v1/webhooks/orders', { method: 'POST', headers, body })
}

async function payloadsDiffer(id: string): Promise<readonly unknown[]> {
  const rows = await host.audit(`entityId=${id}&action=webhook.duplicate`)
  return rows.map(({ details }) => details?.['payloadDiffers'])
}

/** As it is read from a request. */
function toJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value))
}

function reversed(value: Json): Json {
  return rebuilt(value, (entries) => entries.reverse())
}

function sorted(value: Json): Json {
  return rebuilt(value, (entries) => entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function rebuilt(value: Json, order: (entries: [string, Json][]) => [string, Json][]): Json {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((each) => rebuilt(each, order))
  const entries = Object.entries(value).map(([name, each]): [string, Json] => [
    name,
    rebuilt(each, order),
  ])
  return Object.fromEntries(order(entries))
}
