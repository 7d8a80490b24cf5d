import { FieldCheck, type Reading } from './facts.ts'
import { givenTextAt } from './payload.ts'
import type { JsonObject } from './provider.ts'
import type { ProviderKind } from './provider-kind.ts'
import { schemeNamed } from './scheme.ts'

export const acme: ProviderKind = {
  bodies: ['json'],
  schemes: [{ scheme: schemeNamed('acme') }],
  read: (_request, payload) => read(payload),
  sample: {
    contentType: 'application/json',
    body: JSON.stringify({
      eventId: 'evt-1001',
      eventType: 'order.created',
      occurredAt: '2026-01-05T09:30:00Z',
      data: { id: 'order-1001', total: 42 },
    }),
  },
}

function read(payload: JsonObject): Reading {
  const check = new FieldCheck(payload)
  const externalEventId = check.name('/eventId')
  const eventType = check.name('/eventType')
  const occurredAt = check.time('/occurredAt')
  const data = check.object('/data')
  const subject = check.optionalText('/subject')

  if (externalEventId === undefined || eventType === undefined) return check.misfit()
  if (occurredAt === undefined || data === undefined || subject === undefined) return check.misfit()
  const facts = { externalEventId, eventType, occurredAt, data }
  return { kind: 'facts', facts: { ...facts, subject: subject ?? givenTextAt(data, '/id') } }
}
