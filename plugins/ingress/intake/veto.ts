import { ingressReceived } from '../ingress-events.ts'
import type { Service } from '../service.ts'
import { type Arrival, actorOf } from './arrival.ts'
import { undecided, vetoed } from './refusals.ts'

/** How long before handlers may take while the provider waits for its answer, in seconds. */
const budgetSeconds = 2

/**
 * Asks the before handlers of `ingress.received` while the provider waits.
 *
 * @throws {RouteError} 403: one of them said no; 503: they could not say in time
 */
export async function decide(service: Service, arrival: Arrival): Promise<void> {
  const { request } = arrival
  const outcome = await service.scope.dispatch(ingressReceived, receivedParams(arrival), {
    phases: ['before'],
    timeout: budgetSeconds,
    traceId: request.traceId,
    depth: request.depth,
    actor: actorOf(arrival),
  })
  switch (outcome.kind) {
    case 'completed':
      return
    case 'cancelled':
      if (isUndecided(outcome.details)) throw undecided(outcome.by)
      await noteVeto(service, arrival, outcome)
      throw vetoed(outcome.reason)
    case 'failed':
      throw undecided(whyFailed(outcome.failures))
    case 'parked':
      throw undecided('') // the event does not park
  }
}

/** A webhook that is asked and gives no usable answer cancels by default: it has not said no, and the provider may try again. */
function isUndecided(details: unknown): boolean {
  return typeof details === 'object' && details !== null && 'kind' in details
    ? details.kind === 'error'
    : false
}

/** What handlers are told of an event. */
function receivedParams({ eventId, integration, webhook }: Arrival) {
  const { eventType, externalEventId, subject, occurredAt, payload } = webhook
  const provider = integration.name
  return { eventId, provider, eventType, externalEventId, subject, occurredAt, payload }
}

/** Which handlers did not say anything usable; what they say themselves is for the log of the host. */
export function whyFailed(
  failures: readonly { readonly connector: string; readonly code: string }[],
): string {
  return failures.map(({ connector, code }) => `${connector} (${code})`).join(', ')
}

/** Nothing of it is stored but that it came, and who said no. */
function noteVeto(
  { scope }: Service,
  arrival: Arrival,
  { by, reason }: { readonly by: string; readonly reason: string },
): Promise<void> {
  const { integration, webhook, eventId, request } = arrival
  return scope.audit({
    entityType: 'event',
    entityId: eventId,
    action: 'event.cancelled',
    actor: actorOf(arrival),
    details: {
      provider: integration.name,
      eventType: webhook.eventType,
      externalEventId: webhook.externalEventId,
      sourceIp: request.address,
      by,
      reason,
      stored: false,
    },
  })
}
