import type { Logger } from '../bus/handler.ts'
import type { Settlement } from '../store/store.ts'
import { ageOf } from './attempt.ts'
import type { DeliveryObserver } from './delivery-observer.ts'
import type { HeldDelivery } from './held-deliveries.ts'

export interface ReportParts {
  readonly log: Logger
  readonly observe: DeliveryObserver | undefined
}

/** One log line for each delivery that is settled, and its count. A delivery that will be tried again is not. */
export function reportSettlement(
  { log, observe }: ReportParts,
  { delivery, endpoint }: HeldDelivery,
  { next, attempt, at }: Settlement,
): void {
  if (next.kind === 'pending') return
  const sinceMs = ageOf(delivery, at)
  observe?.settled(next.kind, endpoint.label, sinceMs)

  const fields = {
    delivery: delivery.id,
    message: delivery.messageId,
    endpoint: endpoint.id,
    traceId: delivery.message.traceId,
    attempts: attempt?.number ?? delivery.attempts,
    sinceMs,
  }
  if (next.kind === 'delivered') log.debug(fields, 'delivered')
  else if (next.kind === 'cancelled') log.info({ ...fields, reason: next.reason }, 'cancelled')
  else log.warn({ ...fields, reason: next.reason }, 'dead')
}
