import type { DeliveryId, RedeliveryId } from '../../ids.ts'
import type { DeliveryRecord } from './delivery-record.ts'
import { Groups } from './groups.ts'

/** What deliveries have to do with each other: what repeats what, and what a redelivery of many has made. */
export class RedeliveryTies {
  /** Redeliveries by the delivery they go back to. */
  readonly #ofRoot = new Groups<DeliveryId, DeliveryRecord>()
  /** What each redelivery of many has made and is not settled. */
  readonly #made = new Groups<RedeliveryId, DeliveryRecord>()

  add(record: DeliveryRecord): void {
    if (record.redeliveryOf !== null) this.#ofRoot.add(record.root, record)
    if (record.madeBy !== null) this.#made.add(record.madeBy, record)
  }

  settled(record: DeliveryRecord): void {
    if (record.madeBy !== null) this.#made.delete(record.madeBy, record)
  }

  remove(record: DeliveryRecord): void {
    if (record.redeliveryOf !== null) this.#ofRoot.delete(record.root, record)
  }

  /** Whether a redelivery of the same delivery waits, is being sent or was delivered. */
  isRedelivered({ root }: DeliveryRecord): boolean {
    for (const { state } of this.#ofRoot.of(root)) {
      if (state !== 'dead' && state !== 'cancelled') return true
    }
    return false
  }

  /** How many of what a redelivery has made are being sent or due. */
  outstanding(id: RedeliveryId, now: number): number {
    let outstanding = 0
    for (const { dueAt } of this.#made.of(id)) if (dueAt <= now) outstanding += 1
    return outstanding
  }
}
