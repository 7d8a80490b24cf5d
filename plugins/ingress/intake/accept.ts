import type { OutboundMessage, SendOptions } from 'carabiner'
import type { DispatchState, IngressEvent } from '../books/event.ts'
import { toRecord } from '../books/event-record.ts'
import { toWebhookRecord } from '../books/webhook-record.ts'
import { messageOfEvent } from '../processing/message.ts'
import type { Service } from '../service.ts'
import { type Arrival, actorOf } from './arrival.ts'
import { maskedHeaders } from './masked-headers.ts'

/**
 * Stores a webhook, the event it becomes, its delivery and what the audit trail says of them, in one commit.
 *
 * @throws {RecordConflictError} the provider has sent it before
 * @throws {CarabinerError} STORE_UNAVAILABLE, MESSAGE_TOO_LARGE
 */
export async function accept(
  service: Service,
  arrival: Arrival,
  dispatch: DispatchState,
): Promise<void> {
  const event = eventOf(service, arrival, dispatch)
  await service.scope.deliveries.send([messageOf(arrival, event)], {
    records: [toRecord(event), webhookRecord(arrival, event)],
    audit: auditOf(arrival, event),
  })
}

function eventOf(
  { scope }: Service,
  { integration, request, webhook, webhookId, eventId, body, receivedAt }: Arrival,
  dispatch: DispatchState,
): IngressEvent {
  return {
    id: eventId,
    version: 0,
    webhookEventId: webhookId,
    provider: integration.name,
    eventType: webhook.eventType,
    externalEventId: webhook.externalEventId,
    subject: webhook.subject,
    occurredAt: webhook.occurredAt,
    receivedAt,
    updatedAt: receivedAt,
    status: 'pending',
    processingAttempts: 0,
    lastError: null,
    lastProcessedAt: null,
    dispatch,
    correlationId: request.traceId,
    payload: body,
    erasedAt: null,
    expiresAt: receivedAt + scope.retentionMs,
  }
}

function messageOf({ integration, request, body }: Arrival, event: IngressEvent): OutboundMessage {
  return {
    ...messageOfEvent(event, body),
    // What came was within the limits: what stands around it, or how it is written, is not the provider's doing.
    size: request.bytes.byteLength,
    origin: 'ingress',
    depth: request.depth + 1,
    // The first delivery has the event's own id: that tells it from those of replays.
    to: [{ endpoint: integration.endpoint, id: event.id }],
  }
}

function webhookRecord(
  { integration, request, webhook, idempotencyKey, receivedAt }: Arrival,
  event: IngressEvent,
): ReturnType<typeof toWebhookRecord> {
  return toWebhookRecord({
    id: event.webhookEventId,
    eventId: event.id,
    externalEventId: webhook.externalEventId,
    idempotencyKey,
    signatureValid: integration.isVerified,
    requestHeaders: maskedHeaders(request.headers, integration.provider.secretHeaders),
    sourceIp: request.address,
    receivedAt,
    body: request.bytes,
    expiresAt: event.expiresAt,
  })
}

function auditOf(arrival: Arrival, event: IngressEvent): NonNullable<SendOptions['audit']> {
  const { provider, webhookEventId, externalEventId, eventType } = event
  const row = { entityType: 'event', entityId: event.id, actor: actorOf(arrival) }
  return [
    {
      ...row,
      action: 'webhook.received',
      details: { provider, webhookEventId, externalEventId, sourceIp: arrival.request.address },
    },
    // Without the subject: an erasure leaves the trail as it is.
    { ...row, action: 'event.normalized', details: { provider, eventType } },
    { ...row, action: 'event.queued', details: { endpoint: arrival.integration.endpoint } },
  ]
}
