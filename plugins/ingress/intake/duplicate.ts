import { RecordConflictError } from 'carabiner'
import { events, type KeyedEvent } from '../books/event-record.ts'
import type { JsonObject } from '../providers/provider.ts'
import type { Service } from '../service.ts'
import { type Arrival, actorOf } from './arrival.ts'
import { readStored } from './body.ts'
import { payloadDigest } from './canonical-payload.ts'

/** Whether a webhook could not be stored because one with its key is. */
export function isTaken(error: unknown): boolean {
  return error instanceof RecordConflictError && error.collection === events
}

/** Notes that a webhook came again, and whether it says something else this time. */
export async function noteDuplicate(
  service: Service,
  arrival: Arrival,
  known: KeyedEvent,
  payload: JsonObject,
): Promise<void> {
  const { integration, request, webhook } = arrival
  await service.scope.audit({
    entityType: 'event',
    entityId: known.id,
    action: 'webhook.duplicate',
    actor: actorOf(arrival),
    details: {
      provider: integration.name,
      externalEventId: webhook.externalEventId,
      payloadDiffers: await differs(service, known, request.bytes, payload),
      sourceIp: request.address,
    },
  })
}

/** `null`: what came first was erased. */
async function differs(
  { webhooks }: Service,
  known: KeyedEvent,
  bytes: Uint8Array,
  payload: JsonObject,
): Promise<boolean | null> {
  const first = await webhooks.find(known.webhookEventId)
  if (first?.body === undefined || first.body === null) return null
  if (Buffer.compare(first.body, bytes) === 0) return false
  return payloadDigest(readStored(first.body, first.requestHeaders)) !== payloadDigest(payload)
}
