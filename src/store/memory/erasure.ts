import { type Erasure, type ErasureTarget, erasedReason } from '../erasure.ts'
import type { DeliveryBook } from './delivery-book.ts'
import type { MessageRecord } from './delivery-record.ts'

/** Erases at most `limit` messages, with their deliveries. */
export function eraseMessages(
  book: DeliveryBook,
  target: ErasureTarget,
  at: number,
  limit: number,
): Omit<Erasure, 'records'> {
  const erased = [...book.messages.erasable(target, limit)]
  let cancelled = 0
  for (const message of erased) {
    cancelled += cancelUnsettled(book, message, at)
    forgetAnswers(message)
    book.messages.erase(message, at)
  }
  return { messages: erased.length, cancelled }
}

function cancelUnsettled(book: DeliveryBook, { deliveries }: MessageRecord, at: number): number {
  const unsettled = [...deliveries].filter(({ settledAt }) => settledAt === null)
  for (const record of unsettled) {
    record.lastError = erasedReason
    book.settle(record, 'cancelled', at)
  }
  return unsettled.length
}

function forgetAnswers({ deliveries }: MessageRecord): void {
  for (const { log } of deliveries) {
    for (const [number, attempt] of log) {
      log.set(number, { ...attempt, responseHeaders: null, responseBody: null })
    }
  }
}
