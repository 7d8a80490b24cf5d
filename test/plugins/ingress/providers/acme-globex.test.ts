import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import { createProvider } from '../../../../plugins/ingress/providers/providers.ts'
import { eventOf, json, now, payloadOf, requestOf, type Sent, urlOf, verdictOn } from './sent.ts'

const acme = createProvider({ provider: 'acme', secret: ['acme-secret'] })
const globex = createProvider({ provider: 'globex', secret: ['new-token', 'globex-token'] })

const ofAcme = {
  eventId: 'evt_1',
  eventType: 'order.created',
  occurredAt: '2026-01-05T10:30:00+01:00',
  data: { id: 'order_1' },
}
const ofGlobex = {
  id: 'gx_1',
  type: 'invoice.paid',
  timestamp: '2026-01-05T09:30:00.5Z',
  resource: { id: 'invoice_1' },
}

function sentByAcme(payload: object): Sent {
  const text = JSON.stringify(payload)
  const signature = createHmac('sha256', 'acme-secret').update(text).digest('hex')
  const headers = { 'content-type': json, 'x-acme-signature': signature }
  return { headers, body: Buffer.from(text), url: urlOf(acme), now }
}

function sentByGlobex(payload: object, token: string | undefined = 'globex-token'): Sent {
  const headers = { 'content-type': json, 'x-globex-token': token }
  return { headers, body: Buffer.from(JSON.stringify(payload)), url: urlOf(globex), now }
}

function pointersOf(provider: typeof acme, sent: Sent): readonly string[] {
  const normalization = provider.normalize(requestOf(sent), payloadOf(sent))
  return normalization.kind === 'misfit' ? normalization.errors.map(({ pointer }) => pointer) : []
}

describe('acme', () => {
  it('signs the body and is read field by field', () => {
    const sent = sentByAcme(ofAcme)

    assert.deepEqual(verdictOn(acme, sent), { kind: 'verified' })
    assert.deepEqual(eventOf(acme, sent), {
      eventType: 'order.created',
      externalEventId: 'evt_1',
      occurredAt: Date.UTC(2026, 0, 5, 9, 30),
      subject: 'order_1',
      payload: {
        provider: 'acme',
        eventType: 'order.created',
        externalEventId: 'evt_1',
        data: { id: 'order_1' },
      },
    })
  })

  it('has a subject of its own, else the id of its data, else none', () => {
    const subjectOf = (more: object) => eventOf(acme, sentByAcme({ ...ofAcme, ...more })).subject

    assert.equal(subjectOf({ subject: 'customer_9' }), 'customer_9')
    assert.equal(subjectOf({ subject: null }), 'order_1')
    assert.equal(subjectOf({ data: { id: 42 } }), '42')
    assert.equal(subjectOf({ data: {} }), null)
  })

  it('says which fields are missing or do not fit', () => {
    assert.deepEqual(pointersOf(acme, sentByAcme({})), [
      '/eventId',
      '/eventType',
      '/occurredAt',
      '/data',
    ])
    const wrong: readonly (readonly [string, unknown])[] = [
      ['eventId', ''],
      ['eventId', 7],
      ['eventId', 'x'.repeat(256)],
      ['eventId', 'a\0b'],
      ['eventType', null],
      ['eventType', '\ud800'],
      ['occurredAt', 'yesterday'],
      ['occurredAt', '2026-02-30T00:00:00Z'],
      ['occurredAt', '2026-01-05T10:30:00'],
      ['occurredAt', 1_767_605_400],
      ['data', []],
      ['data', 'text'],
      ['data', null],
      ['subject', 7],
    ]
    for (const [name, value] of wrong) {
      assert.deepEqual(pointersOf(acme, sentByAcme({ ...ofAcme, [name]: value })), [`/${name}`])
    }
  })

  it('is refused with the text of what is wrong', () => {
    const sent = sentByAcme(ofAcme)

    assert.deepEqual(verdictOn(acme, { ...sent, headers: {} }), {
      kind: 'refused',
      message: 'Missing x-acme-signature header',
    })
    assert.deepEqual(verdictOn(acme, { ...sent, body: Buffer.from('{}') }), {
      kind: 'refused',
      message: 'Invalid acme webhook signature',
    })
  })
})

describe('globex', () => {
  it('sends a token and is read field by field', () => {
    const sent = sentByGlobex(ofGlobex)

    assert.deepEqual(verdictOn(globex, sent), { kind: 'verified' })
    assert.deepEqual(eventOf(globex, sent), {
      eventType: 'invoice.paid',
      externalEventId: 'gx_1',
      occurredAt: Date.UTC(2026, 0, 5, 9, 30, 0, 500),
      subject: 'invoice_1',
      payload: {
        provider: 'globex',
        eventType: 'invoice.paid',
        externalEventId: 'gx_1',
        resource: { id: 'invoice_1' },
      },
    })
    const subjectOf = (resource: object) =>
      eventOf(globex, sentByGlobex({ ...ofGlobex, resource })).subject
    assert.deepEqual([subjectOf({}), subjectOf({ id: '' }), subjectOf({ id: 7 })], [null, '', '7'])
  })

  it('says which fields are missing', () => {
    assert.deepEqual(pointersOf(globex, sentByGlobex({})), [
      '/id',
      '/type',
      '/timestamp',
      '/resource',
    ])
  })

  it('is refused with the text of what is wrong', () => {
    assert.deepEqual(verdictOn(globex, { ...sentByGlobex(ofGlobex), headers: {} }), {
      kind: 'refused',
      message: 'Missing x-globex-token header',
    })
    assert.deepEqual(verdictOn(globex, sentByGlobex(ofGlobex, 'globex-tokens')), {
      kind: 'refused',
      message: 'Invalid globex token',
    })
  })
})

describe('what any provider says', () => {
  it('is kept with a subject that can be searched', () => {
    const subjectOf = (subject: string) => eventOf(acme, sentByAcme({ ...ofAcme, subject })).subject

    assert.equal(subjectOf('a\0b\ud800'), 'ab\ufffd')
    assert.equal(subjectOf('😀'.repeat(300)), '😀'.repeat(256))
    assert.equal(subjectOf(`x${'😀'.repeat(300)}`), `x${'😀'.repeat(255)}\ufffd`)
    assert.equal(subjectOf(''), '')
  })
})
