import { FieldCheck, type Reading } from './facts.ts'
import { parseInstant } from './instant.ts'
import { textAt } from './payload.ts'
import type { JsonObject, ProviderRequest } from './provider.ts'
import type { ProviderKind } from './provider-kind.ts'
import { schemeNamed } from './scheme.ts'

/** https://docs.stripe.com/webhooks: snapshot events, and thin ones (`v2.core.event`) that say just what they are about. */
export const stripe: ProviderKind = {
  bodies: ['json'],
  schemes: [{ scheme: schemeNamed('stripe') }],
  read,
  sample: {
    contentType: 'application/json',
    body: JSON.stringify({
      id: 'evt_1QdExample000000000000000',
      object: 'event',
      api_version: '2025-12-15.clover',
      created: 1_767_605_400,
      type: 'invoice.paid',
      livemode: false,
      pending_webhooks: 1,
      request: { id: null, idempotency_key: null },
      data: { object: { id: 'in_1QdExample', object: 'invoice', amount_paid: 4200 } },
    }),
  },
}

function read({ now }: ProviderRequest, payload: JsonObject): Reading {
  const check = new FieldCheck(payload)
  const externalEventId = check.name('/id')
  const eventType = check.name('/type')
  if (externalEventId === undefined || eventType === undefined) return check.misfit()

  const occurredAt = parseInstant(payload['created']) ?? now
  const subject = textAt(payload, '/data/object/id', '/related_object/id', '/account')
  return {
    kind: 'facts',
    facts: { externalEventId, eventType, occurredAt, subject, data: payload },
  }
}
