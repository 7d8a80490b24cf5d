import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Json } from 'carabiner'
import fc from 'fast-check'
import type { ProviderConfig } from '../../../../plugins/ingress/integration-config.ts'
import {
  builtInProviders,
  createProvider,
} from '../../../../plugins/ingress/providers/providers.ts'
import { eventOf, form, json, now, requestOf, type Sent, signed, urlOf, verdictOn } from './sent.ts'

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
const declared: ProviderConfig = {
  provider: 'orders',
  secret: [secret],
  verify: { scheme: 'stripe' },
  normalize: {
    id: '/id',
    type: '/type',
    occurredAt: '/time',
    subject: { header: 'x-subject' },
    data: '/data/0',
  },
}
const configs = [...builtInProviders.keys()]
  .map((provider): ProviderConfig => ({ provider, secret: [secret] }))
  .concat(declared)
const runs = { numRuns: 100 }

/** Names that providers look for, so that what is made up is looked at. */
const names = [
  ...['id', 'type', 'data', 'event', 'object', 'action', 'issue', 'repository', 'payload', 'time'],
  ...['object_kind', 'object_attributes', 'MessageSid', 'CallSid', 'CallStatus', 'Timestamp'],
  ...['created', 'timestamp', 'subject', 'resource', 'challenge', '__proto__', 'constructor'],
]
const headerNames = [
  ...['content-type', 'x-github-event', 'x-shopify-topic', 'x-slack-request-timestamp'],
  ...['x-shopify-triggered-at', 'webhook-id', 'svix-signature', 'webhook-timestamp'],
  ...['x-gitlab-event', 'idempotency-key', 'x-subject'],
]
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(form, json, 'url_verification', '1e999', '9'.repeat(20), '\ud800', '\0', '{}'),
)
const { payload } = fc.letrec<{ value: Json; payload: Record<string, Json> }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('payload'),
  ),
  payload: fc.dictionary(fc.oneof(fc.constantFrom(...names), text), tie('value'), { maxKeys: 8 }),
}))
const headers = fc.dictionary(fc.constantFrom(...headerNames), text)

for (const config of configs) {
  describe(config.provider, () => {
    const provider = createProvider(config)

    it('never throws, and verifies nothing that it did not sign', () => {
      const signatures = provider.secretHeaders.map((name) => fc.tuple(fc.constant(name), text))
      const made = fc.tuple(headers, fc.tuple(...signatures), fc.uint8Array(), text, fc.double())
      fc.assert(
        fc.property(made, ([some, given, body, url, at]) => {
          const sent: Sent = {
            headers: { ...some, ...Object.fromEntries(given) },
            body,
            url,
            now: at,
          }
          assert.equal(verdictOn(provider, sent).kind, 'refused')
        }),
        runs,
      )
    })

    it('never throws on what a payload says, and gives what can be kept', () => {
      fc.assert(
        fc.property(headers, payload, (some, made) => {
          const sent: Sent = { headers: some, body: Buffer.from(''), url: '', now }

          provider.handshake?.(requestOf(sent), made)
          const normalization = provider.normalize(requestOf(sent), made)

          if (normalization.kind === 'misfit') {
            assert.ok(normalization.errors.length > 0)
            return
          }
          const { eventType, externalEventId, occurredAt, subject } = normalization.event
          for (const name of [eventType, externalEventId ?? 'none']) {
            assert.ok(name !== '' && name.isWellFormed() && !name.includes('\0'))
            assert.ok(Buffer.byteLength(name) <= 255)
          }
          assert.ok(!Number.isNaN(new Date(occurredAt).getTime()) && Number.isInteger(occurredAt))
          assert.ok(subject === null || (subject.isWellFormed() && !subject.includes('\0')))
        }),
        runs,
      )
    })

    it('verifies whatever it signs', () => {
      const object = fc
        .json()
        .filter((each) => config.provider !== 'twilio' || !each.startsWith('{'))
      fc.assert(
        fc.property(object, (body) => {
          const sent = signed(provider, { body, contentType: json, event: 'push' })
          assert.deepEqual(verdictOn(provider, sent), { kind: 'verified' })
        }),
        runs,
      )
    })
  })
}

describe('the sample of each built-in provider', () => {
  for (const config of configs.filter(({ provider }) => builtInProviders.has(provider))) {
    it(`of ${config.provider} is signed, verified and read`, () => {
      const provider = createProvider(config)
      const sent = signed(provider)

      const { eventType, externalEventId, subject } = eventOf(provider, sent)

      assert.deepEqual(verdictOn(provider, sent), { kind: 'verified' })
      assert.ok(eventType !== 'other' && externalEventId !== null && subject !== null)
      assert.equal(sent.url, urlOf(provider))
    })
  }
})
