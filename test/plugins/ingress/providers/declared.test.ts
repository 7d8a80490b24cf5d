import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type {
  NormalizeConfig,
  VerifyConfig,
} from '../../../../plugins/ingress/integration-config.ts'
import { createProvider } from '../../../../plugins/ingress/providers/providers.ts'
import { eventOf, form, json, now, requestOf, type Sent, signed, urlOf, verdictOn } from './sent.ts'

const payload = {
  event: { id: 77, type: 'order.paid', time: 1_767_605_400 },
  order: { id: 'A-1', 'odd/name~': 'x', lines: [{ sku: 's1' }, { sku: 's2' }] },
}
const normalize: NormalizeConfig = {
  id: '/event/id',
  type: '/event/type',
  occurredAt: '/event/time',
  subject: '/order/id',
  data: '/order',
}

function orders(
  verify: 'none' | VerifyConfig,
  reading: NormalizeConfig,
  secret: readonly string[] = ['s'],
) {
  const secrets = verify === 'none' ? {} : { secret }
  return createProvider({ provider: 'orders', verify, normalize: reading, ...secrets })
}

function read(reading: NormalizeConfig, body: object = payload, headers: Sent['headers'] = {}) {
  const text = JSON.stringify(body)
  const sent = { headers, body: Buffer.from(text), url: '', now }
  return orders('none', reading).normalize(requestOf(sent), JSON.parse(text))
}

function factsOf(...args: Parameters<typeof read>) {
  const normalization = read(...args)
  assert.equal(normalization.kind, 'event', JSON.stringify(normalization))
  return normalization.event
}

describe('a declared provider', () => {
  it('is verified and read as the assembly says', () => {
    const provider = orders({ scheme: 'github', header: 'X-Signature' }, normalize)
    const sent = signed(provider, { body: JSON.stringify(payload) })

    assert.match(sent.headers['x-signature'] ?? '', /^sha256=[0-9a-f]{64}$/)
    assert.deepEqual(verdictOn(provider, sent), { kind: 'verified' })
    assert.deepEqual(verdictOn(provider, { ...sent, headers: {} }), {
      kind: 'refused',
      message: 'Missing x-signature header',
    })
    assert.deepEqual(eventOf(provider, sent), {
      eventType: 'order.paid',
      externalEventId: '77',
      occurredAt: 1_767_605_400_000,
      subject: 'A-1',
      payload: {
        provider: 'orders',
        eventType: 'order.paid',
        externalEventId: '77',
        data: payload.order,
      },
    })
    assert.deepEqual(provider.secretHeaders, ['x-signature'])
  })

  const key = `whsk_${Buffer.alloc(32, 3).toString('base64')}`
  for (const scheme of [
    'servo',
    'standard',
    'standard-v1a',
    'pyfly',
    'axme',
    'github',
    'stripe',
    'acme',
    'token',
    'shopify',
    'slack',
    'twilio',
  ]) {
    it(`takes what ${scheme} signs, and nothing else`, () => {
      const provider = orders({ scheme }, normalize, [scheme === 'standard-v1a' ? key : 's'])
      const isForm = scheme === 'twilio'
      const sent = signed(provider, isForm ? { body: 'a=1', contentType: form } : {})
      const stripped = { ...sent, headers: { 'content-type': sent.headers['content-type'] } }

      assert.equal(verdictOn(provider, sent).kind, 'verified')
      assert.equal(verdictOn(provider, stripped).kind, 'refused')
      assert.equal(provider.bodies.includes('form'), isForm || scheme === 'slack')
    })
  }

  it('has an HMAC put together from its parts', () => {
    const provider = orders(
      { scheme: 'hmac', header: 'X-Mac', algorithm: 'sha1', encoding: 'base64', prefix: 'v(1)+' },
      normalize,
    )
    const sent = signed(provider, { body: '{}' })

    // As OpenSSL has it: printf '{}' | openssl dgst -sha1 -hmac s -binary | base64
    assert.equal(sent.headers['x-mac'], 'v(1)+hQQTzi3uTEFCg4urnpCGyzBdpU0=')
    assert.equal(verdictOn(provider, sent).kind, 'verified')
  })

  it('may be as old as it says', () => {
    const provider = orders({ scheme: 'standard', tolerance: 10_000 }, normalize)
    const sent = signed(provider)

    assert.equal(verdictOn(provider, { ...sent, now: now + 10_000 }).kind, 'verified')
    assert.equal(verdictOn(provider, { ...sent, now: now + 11_000 }).kind, 'refused')
  })

  it('is not verified at all with `none`', () => {
    const provider = orders('none', normalize)

    assert.deepEqual(verdictOn(provider, signed(provider)), { kind: 'verified' })
    assert.deepEqual(signed(provider).headers, { 'content-type': json })
    assert.equal(urlOf(provider).endsWith('/orders'), true)
  })
})

describe('what a declared provider says', () => {
  it('stands in headers too, or is always the same', () => {
    const headers = { 'x-id': 'e1', 'x-topic': 'paid', 'x-time': '2026-01-05T09:30:00Z' }
    const event = factsOf(
      {
        id: { header: 'X-Id' },
        type: { header: 'X-Topic' },
        occurredAt: { header: 'X-Time' },
        subject: { header: 'X-Nothing' },
      },
      payload,
      headers,
    )

    assert.deepEqual(
      [event.externalEventId, event.eventType, event.occurredAt, event.subject],
      ['e1', 'paid', 1_767_605_400_000, null],
    )
    assert.equal(factsOf({ type: { value: 'order.changed' } }).eventType, 'order.changed')
  })

  it('is the whole payload, now, without an id, unless it says more', () => {
    const event = factsOf({ type: '/event/type' })

    assert.deepEqual([event.externalEventId, event.occurredAt, event.subject], [null, now, null])
    assert.deepEqual(event.payload['data'], payload)
  })

  it('is found by any JSON Pointer', () => {
    const dataAt = (data: string) => factsOf({ type: '/event/type', data }).payload['data']

    assert.equal(dataAt('/order/odd~1name~0'), 'x')
    assert.equal(dataAt('/order/lines/1/sku'), 's2')
    assert.deepEqual(dataAt(''), payload)
    for (const data of [
      '/order/lines/length',
      '/order/lines/01',
      '/toString',
      '/order/id/0',
      '/__proto__',
    ]) {
      assert.deepEqual(read({ type: '/event/type', data }), {
        kind: 'misfit',
        errors: [{ pointer: data, message: 'no data there' }],
      })
    }
  })

  it('happened at a time written in any usual way', () => {
    const timeOf = (time: unknown) => {
      const normalization = read({ type: { value: 't' }, occurredAt: '/time' }, { time })
      return normalization.kind === 'event' ? normalization.event.occurredAt : undefined
    }
    const instant = 1_767_605_400_000

    for (const time of [
      '2026-01-05T09:30:00Z',
      '2026-01-05 10:30:00.000+01:00',
      '2026-01-05T09:30Z',
      1_767_605_400,
      1_767_605_400_000,
      '1767605400',
      '1767605400000',
      '1767605400.000123',
    ]) {
      assert.equal(timeOf(time), instant, String(time))
    }
    for (const time of [
      '2026-01-05',
      'now',
      '',
      null,
      true,
      -1,
      '2026-13-01T00:00:00Z',
      '2026-01-05T25:00:00Z',
      1e300,
      {},
    ]) {
      assert.equal(timeOf(time), undefined, String(time))
    }
  })

  it('is refused with what is not there', () => {
    const misfit = read({ ...normalize, id: { header: 'X-Id' } }, {})

    assert.deepEqual(misfit, {
      kind: 'misfit',
      errors: [
        { pointer: '/event/type', message: 'no type there' },
        { pointer: '', message: 'no id in the X-Id header' },
        { pointer: '/event/time', message: 'no time there' },
        { pointer: '/order', message: 'no data there' },
      ],
    })
  })
})
