import type { MessageId } from 'carabiner'

/** Where an event stands on its way to its integration. */
export const eventStatuses = [
  'pending',
  'processing',
  'processed',
  'retrying',
  'failed',
  'cancelled',
] as const

export type EventStatus = (typeof eventStatuses)[number]

/** What a provider told us of, in our terms, as it is kept. Times are UTC milliseconds. */
export interface IngressEvent {
  /** Also the id of the message that carries it to its integration, and of that message's first delivery. */
  readonly id: MessageId
  /** Of its record: what changed meanwhile is not overwritten. */
  readonly version: number
  readonly webhookEventId: string
  readonly provider: string
  readonly eventType: string
  /** The provider's own id of it; `null`: it gives none, and its payload's digest stands in for it. */
  readonly externalEventId: string | null
  /** `null` without one, and once it was erased. */
  readonly subject: string | null
  readonly occurredAt: number
  /** When it came, which is also when it was stored. */
  readonly receivedAt: number
  readonly updatedAt: number
  readonly status: EventStatus
  /** Attempts that are over, those of replays included. */
  readonly processingAttempts: number
  readonly lastError: string | null
  /** When the last attempt was over. */
  readonly lastProcessedAt: number | null
  /** What of `ingress.received` is still to come, before it may be delivered. */
  readonly dispatch: DispatchState
  readonly correlationId: string
  /** The JSON text that is delivered; `null` once it was erased. */
  readonly payload: Uint8Array | null
  readonly erasedAt: number | null
  /** When it is forgotten. */
  readonly expiresAt: number
}

/** `due`: all phases. `decided`: the before handlers have let it pass; on and after are to come. `done`: nothing. */
export type DispatchState = 'due' | 'decided' | 'done'

/** Statuses of an event that is still on its way. */
export const openStatuses = [
  'pending',
  'processing',
  'retrying',
] as const satisfies readonly EventStatus[]

/** An id that is given to a message: an event's. */
export function asMessageId(id: string): MessageId {
  return id as MessageId // it becomes one by being given
}
