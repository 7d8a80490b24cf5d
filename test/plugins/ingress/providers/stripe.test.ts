import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Stripe } from 'stripe'
import { createProvider } from '../../../../plugins/ingress/providers/providers.ts'
import {
  eventOf,
  json,
  now,
  payloadOf,
  requestOf,
  type Sent,
  signed,
  urlOf,
  verdictOn,
} from './sent.ts'

const secret = 'whsec_test_secret'
const stripe = createProvider({ provider: 'stripe', secret: [secret] })
const { webhooks } = new Stripe('sk_test_none')

function sentByStripe(payload: object): Sent {
  const text = JSON.stringify(payload)
  const timestamp = now / 1_000
  const signature = webhooks.generateTestHeaderString({ payload: text, secret, timestamp })
  const headers = { 'content-type': json, 'stripe-signature': signature }
  return { headers, body: Buffer.from(text), url: urlOf(stripe), now }
}

describe('Stripe', () => {
  it('is verified and read, as its own library signs', () => {
    const payload = {
      id: 'evt_1',
      object: 'event',
      created: 1_767_605_400,
      type: 'payment_intent.succeeded',
      data: { object: { id: 'pi_1', description: 'Grüße 😀' } },
    }
    const sent = sentByStripe(payload)

    assert.deepEqual(verdictOn(stripe, sent), { kind: 'verified' })
    assert.deepEqual(eventOf(stripe, sent), {
      eventType: 'payment_intent.succeeded',
      externalEventId: 'evt_1',
      occurredAt: 1_767_605_400_000,
      subject: 'pi_1',
      payload: {
        provider: 'stripe',
        eventType: 'payment_intent.succeeded',
        externalEventId: 'evt_1',
        data: payload,
      },
    })
  })

  it('has thin events too', () => {
    const sent = sentByStripe({
      id: 'evt_test_65',
      object: 'v2.core.event',
      type: 'v1.billing.meter.error_report_triggered',
      created: '2026-01-05T09:30:00.000Z',
      related_object: { id: 'mtr_1', type: 'billing.meter' },
    })

    const { occurredAt, subject } = eventOf(stripe, sent)

    assert.deepEqual([occurredAt, subject], [1_767_605_400_000, 'mtr_1'])
  })

  it('signs samples as its own library verifies them', () => {
    const { headers, body } = signed(stripe)
    const header = headers['stripe-signature'] ?? ''

    const event = webhooks.constructEvent(Buffer.from(body), header, secret, 300, undefined, now)

    assert.equal(event.type, 'invoice.paid')
  })

  it('may be as old as the tolerance says', () => {
    const patient = createProvider({
      provider: 'stripe',
      secret: [secret],
      verify: { tolerance: 600_000 },
    })
    const late = (ms: number): Sent => ({ ...sentByStripe({}), now: now + ms })

    assert.deepEqual(verdictOn(stripe, late(301_000)), {
      kind: 'refused',
      message: 'Invalid stripe webhook signature: timestamp is 301 s old, more than 300 s',
    })
    assert.equal(verdictOn(patient, late(600_000)).kind, 'verified')
    assert.equal(verdictOn(patient, late(601_000)).kind, 'refused')
  })

  it('has an id and a type', () => {
    const sent = sentByStripe({ id: 7, object: 'event' })

    assert.deepEqual(stripe.normalize(requestOf(sent), payloadOf(sent)), {
      kind: 'misfit',
      errors: [
        { pointer: '/id', message: 'must be a text of 1 to 255 bytes, without control characters' },
        { pointer: '/type', message: 'is missing' },
      ],
    })
  })
})
