import type { DeliveryStep, StepRecords } from 'carabiner'
import { attemptIdOf, toAttemptRecord } from '../books/attempt-record.ts'
import { attemptError, isReplay } from '../books/delivery.ts'
import { asMessageId, type EventStatus } from '../books/event.ts'
import type { ReplayStatus } from '../books/replay-record.ts'
import { auditOfEvent, auditOfReplay, changeOfEvent, changeOfReplay } from './transition.ts'

type Next = DeliveryStep['next']

/** What is written with an attempt: the event as it stands after it, the attempt in our list, and what the audit trail says of both. */
export function recordsOfStep(
  step: DeliveryStep,
  { provider, retentionMs }: { readonly provider: string; readonly retentionMs: number },
): StepRecords {
  const { attempt, next } = step
  // Nothing was sent, and it still waits: an open circuit.
  if (attempt === null && next.kind === 'pending') return {}
  return {
    records: [
      ...eventChanges(step),
      ...(attempt === null ? [] : [attemptRecord(step, attempt, provider, retentionMs)]),
    ],
    audit: auditOf(step),
  }
}

const statuses: Readonly<Record<Next['kind'], EventStatus>> = {
  delivered: 'processed',
  pending: 'retrying',
  dead: 'failed',
  cancelled: 'cancelled',
}

const actions: Readonly<Record<Next['kind'], string>> = {
  delivered: 'event.processed',
  pending: 'event.retry_scheduled',
  dead: 'event.failed',
  cancelled: 'event.cancelled',
}

const replayStatuses: Readonly<Record<Exclude<Next['kind'], 'pending'>, ReplayStatus>> = {
  delivered: 'completed',
  dead: 'failed',
  cancelled: 'failed',
}

function eventChanges(step: DeliveryStep): NonNullable<StepRecords['records']>[number][] {
  const { delivery, attempt, next, at } = step
  const change = { status: statuses[next.kind], lastError: errorOf(step) }
  const own = changeOfEvent(
    delivery.messageId,
    attempt === null ? change : { ...change, lastProcessedAt: at },
    at,
    attempt === null ? 0 : 1,
  )
  if (next.kind === 'pending' || !isReplay(delivery)) return [own]
  return [own, changeOfReplay(delivery.id, replayStatuses[next.kind], at)]
}

/** In the words of operators. The one of the last attempt says more than that there were too many. */
function errorOf({ attempt, next }: Pick<DeliveryStep, 'attempt' | 'next'>): string | null {
  if (next.kind === 'delivered') return null
  return attempt === null ? next.reason : attemptError(attempt)
}

function attemptRecord(
  { delivery, next }: DeliveryStep,
  attempt: NonNullable<DeliveryStep['attempt']>,
  provider: string,
  retentionMs: number,
): ReturnType<typeof toAttemptRecord> {
  const { number, status, startedAt, durationMs } = attempt
  const eventId = asMessageId(delivery.messageId)
  return toAttemptRecord({
    id: attemptIdOf(delivery.id, number),
    deliveryId: delivery.id,
    number,
    eventId,
    provider,
    status: next.kind === 'delivered' ? 'success' : 'failed',
    httpStatus: status,
    errorMessage: errorOf({ attempt, next }),
    durationMs,
    createdAt: startedAt,
    expiresAt: startedAt + retentionMs,
  })
}

function auditOf(step: DeliveryStep): NonNullable<StepRecords['audit']> {
  const { delivery, next } = step
  const details = detailsOf(step)
  const own = auditOfEvent(delivery.messageId, actions[next.kind], details)
  if (next.kind === 'pending' || !isReplay(delivery)) return [own]
  const status = replayStatuses[next.kind]
  const { deliveryId: _, ...rest } = details
  const eventId = delivery.messageId
  return [own, auditOfReplay(delivery.id, `replay.${status}`, { eventId, ...rest })]
}

function detailsOf(step: DeliveryStep) {
  const { delivery, attempt, next, by } = step
  const error = errorOf(step)
  return {
    deliveryId: delivery.id,
    ...(attempt !== null && { attempt: attempt.number, httpStatus: attempt.status }),
    ...(error !== null && { error }),
    // As a veto before the provider's answer is told.
    ...(by !== undefined && { by, reason: error }),
    ...(next.kind === 'dead' && next.reason !== error && { reason: next.reason }),
    ...(next.kind === 'pending' && { nextAttemptAt: new Date(next.dueAt).toISOString() }),
  }
}
