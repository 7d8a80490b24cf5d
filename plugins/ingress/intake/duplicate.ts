import { RecordConflictError } from 'carabiner'
import { type Webhook, webhooks } from '../books/webhook-record.ts'
import type { JsonObject } from '../providers/provider.ts'
import type { Service } from '../service.ts'
import { type Arrival, actorOf } from './arrival.ts'
import { readStored } from './body.ts'
import { payloadDigest } from './canonical-payload.ts'

/** Whether a webhook could not be stored because one with its key is. */
export function isTaken(error: unknown): boolean {
  return error instanceof RecordConflictError && error.collection === webhooks
}

/** Notes that a webhook came again, and whether it says something else this time. */
export async function noteDuplicate(
  service: Service,
  arrival: Arrival,
  first: Webhook,
  payload: JsonObject,
): Promise<void> {
  const { integration, request, webhook } = arrival
  await service.scope.audit({
    entityType: 'event',
    entityId: first.eventId,
    action: 'webhook.duplicate',
    actor: actorOf(arrival),
    details: {
      provider: integration.name,
      externalEventId: webhook.externalEventId,
      payloadDiffers: differs(first, request.bytes, payload),
      sourceIp: request.address,
    },
  })
}

/** `null`: what came first was erased. */
function differs(
  { body, requestHeaders }: Webhook,
  bytes: Uint8Array,
  payload: JsonObject,
): boolean | null {
  if (body === null) return null
  if (Buffer.compare(body, bytes) === 0) return false
  return payloadDigest(readStored(body, requestHeaders)) !== payloadDigest(payload)
}
