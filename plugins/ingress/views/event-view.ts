import type { EventStatus, IngressEvent } from '../books/event.ts'
import { integrationIdOf } from '../books/name-id.ts'
import type { Service } from '../service.ts'
import { RawJson } from './raw-json.ts'
import { rfc3339, rfc3339OrNull } from './time.ts'

/** An event as the API and the command line show it. */
export interface EventView extends StandingView {
  readonly id: string
  readonly webhookEventId: string
  readonly integrationId: string
  readonly provider: string
  readonly eventType: string
  readonly subject: string | null
  readonly occurredAt: string
  /** `null` once it was erased. */
  readonly normalizedPayload: RawJson | null
  readonly createdAt: string
  readonly updatedAt: string
  readonly externalEventId: string | null
  readonly receivedAt: string
}

/** How an event stands. */
export interface StandingView {
  readonly status: EventStatus
  readonly processingAttempts: number
  readonly lastError: string | null
  readonly lastProcessedAt: string | null
}

const utf8 = new TextDecoder()

export function eventView({ scope }: Pick<Service, 'scope'>, event: IngressEvent): EventView {
  const { id, webhookEventId, provider, eventType, subject, payload } = event
  return {
    id,
    webhookEventId,
    integrationId: integrationIdOf(provider),
    provider,
    eventType,
    subject,
    occurredAt: rfc3339(event.occurredAt),
    normalizedPayload: payload === null ? null : new RawJson(utf8.decode(payload)),
    ...standingView({ scope }, event),
    createdAt: rfc3339(event.receivedAt),
    updatedAt: rfc3339(event.updatedAt),
    externalEventId: event.externalEventId,
    receivedAt: rfc3339(event.receivedAt),
  }
}

export function standingView(
  { scope }: Pick<Service, 'scope'>,
  { status, processingAttempts, lastError, lastProcessedAt }: IngressEvent,
): StandingView {
  return {
    status,
    processingAttempts,
    lastError: lastError === null ? null : scope.redact(lastError),
    lastProcessedAt: rfc3339OrNull(lastProcessedAt),
  }
}
