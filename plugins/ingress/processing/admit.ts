import type { AdmissionVerdict, DeliveryAtHand, RecordWrite, SendOptions } from 'carabiner'
import { isReplay } from '../books/delivery.ts'
import type { IngressEvent } from '../books/event.ts'
import { ingressReceived } from '../ingress-events.ts'
import { whyFailed } from '../intake/veto.ts'
import type { JsonObject } from '../providers/provider.ts'
import type { Service } from '../service.ts'
import { auditOfReplay, changeOfEvent, changeOfReplay } from './transition.ts'

/**
 * Lets an event through to its integration: once it was dispatched as `ingress.received`, unless somebody said no.
 *
 * A host that dies meanwhile leaves it to the next, which dispatches it again: nobody is passed over, somebody may be asked twice.
 */
export async function admit(service: Service, delivery: DeliveryAtHand): Promise<AdmissionVerdict> {
  const event = await service.events.find(delivery.messageId)
  // Forgotten, though it is owed: older than what is kept.
  if (event === undefined) return { kind: 'go' }
  if (event.dispatch !== 'done') {
    const refused = await dispatch(service, event, delivery)
    if (refused !== undefined) return refused
  }
  await begin(service, event, delivery)
  return { kind: 'go' }
}

/** `undefined`: everybody let it pass. */
async function dispatch(
  { scope }: Service,
  event: IngressEvent,
  { message, signal }: DeliveryAtHand,
): Promise<AdmissionVerdict | undefined> {
  const outcome = await scope.dispatch(ingressReceived, paramsOf(event, message.body), {
    phases: event.dispatch === 'due' ? ['before', 'on', 'after'] : ['on', 'after'],
    traceId: message.traceId,
    depth: message.depth - 1,
    actor: `provider:${event.provider}`,
    signal,
  })
  switch (outcome.kind) {
    case 'completed':
      return undefined
    case 'cancelled':
      return { kind: 'cancel', reason: outcome.reason, by: outcome.by }
    case 'parked':
      return { kind: 'again', reason: 'ingress.received waits' } // the event does not park
    case 'failed':
      return {
        kind: 'again',
        reason: `ingress.received failed: ${whyFailed(outcome.failures)}`,
      }
  }
}

function paramsOf(
  { id, provider, eventType, externalEventId, subject, occurredAt }: IngressEvent,
  body: Uint8Array,
) {
  // What is delivered is JSON of our own making: an object.
  const payload: JsonObject = JSON.parse(new TextDecoder().decode(body))
  return { eventId: id, provider, eventType, externalEventId, subject, occurredAt, payload }
}

/** Says that an attempt is under way, and of the first one of a replay that it has begun. */
async function begin(
  { scope, replays }: Service,
  event: IngressEvent,
  delivery: DeliveryAtHand,
): Promise<void> {
  const now = scope.clock.now()
  const records: RecordWrite[] = [
    changeOfEvent(event.id, { status: 'processing', dispatch: 'done' }, now),
  ]
  const audit: NonNullable<SendOptions['audit']>[number][] = []
  if (isReplay(delivery) && (await replays.find(delivery.id))?.status === 'queued') {
    records.push(changeOfReplay(delivery.id, 'dispatched', now))
    audit.push(auditOfReplay(delivery.id, 'replay.dispatched', { eventId: event.id }))
  }
  if (audit.length === 0) await scope.records.writeRecords(records)
  else await scope.deliveries.send([], { records, audit })
}
