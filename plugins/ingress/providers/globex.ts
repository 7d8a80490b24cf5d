import { FieldCheck, type Reading } from './facts.ts'
import { givenTextAt } from './payload.ts'
import type { JsonObject } from './provider.ts'
import type { ProviderKind } from './provider-kind.ts'
import { schemeNamed } from './scheme.ts'

export const globex: ProviderKind = {
  bodies: ['json'],
  schemes: [{ scheme: schemeNamed('token'), proof: 'token' }],
  member: 'resource',
  read: (_request, payload) => read(payload),
  sample: {
    contentType: 'application/json',
    body: JSON.stringify({
      id: 'gx-2001',
      type: 'invoice.paid',
      timestamp: '2026-01-05T09:30:00Z',
      resource: { id: 'invoice-2001', amount: 99.5 },
    }),
  },
}

function read(payload: JsonObject): Reading {
  const check = new FieldCheck(payload)
  const externalEventId = check.name('/id')
  const eventType = check.name('/type')
  const occurredAt = check.time('/timestamp')
  const data = check.object('/resource')

  if (externalEventId === undefined || eventType === undefined) return check.misfit()
  if (occurredAt === undefined || data === undefined) return check.misfit()
  const subject = givenTextAt(data, '/id')
  return { kind: 'facts', facts: { externalEventId, eventType, occurredAt, data, subject } }
}
