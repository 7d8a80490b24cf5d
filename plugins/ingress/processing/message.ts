import type { OutboundMessage } from 'carabiner'
import type { IngressEvent } from '../books/event.ts'

/** How an event is delivered: the same whenever it is. */
export function messageOfEvent(
  event: IngressEvent,
  payload: Uint8Array,
): Pick<OutboundMessage, 'id' | 'type' | 'contentType' | 'body' | 'headers' | 'traceId'> {
  return {
    id: event.id,
    type: event.eventType,
    contentType: 'application/json',
    body: payload,
    headers: {
      'x-integration-provider': event.provider,
      'x-event-id': event.id,
      'x-correlation-id': event.correlationId,
    },
    traceId: event.correlationId,
  }
}
