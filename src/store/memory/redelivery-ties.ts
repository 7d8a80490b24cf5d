import type { DeliveryId, RedeliveryId } from '../../ids.ts'
import type { DeliveryRecord } from './delivery-record.ts'

/** What deliveries have to do with each other: what repeats what, and what a redelivery of many has made. */
export class RedeliveryTies {
  /** Redeliveries by the delivery they go back to. */
  readonly #ofRoot = new Map<DeliveryId, Set<DeliveryRecord>>()
  /** What each redelivery of many has made and is not settled. */
  readonly #made = new Map<RedeliveryId, Set<DeliveryRecord>>()

  add(record: DeliveryRecord): void {
    if (record.redeliveryOf !== null) put(this.#ofRoot, record.root, record)
    if (record.madeBy !== null) put(this.#made, record.madeBy, record)
  }

  settled(record: DeliveryRecord): void {
    if (record.madeBy !== null) drop(this.#made, record.madeBy, record)
  }

  remove(record: DeliveryRecord): void {
    if (record.redeliveryOf !== null) drop(this.#ofRoot, record.root, record)
  }

  /** Whether a redelivery of the same delivery waits, is being sent or was delivered. */
  isRedelivered({ root }: DeliveryRecord): boolean {
    for (const { state } of this.#ofRoot.get(root) ?? []) {
      if (state !== 'dead' && state !== 'cancelled') return true
    }
    return false
  }

  /** How many of what a redelivery has made are being sent or due. */
  outstanding(id: RedeliveryId, now: number): number {
    let outstanding = 0
    for (const { dueAt } of this.#made.get(id) ?? []) if (dueAt <= now) outstanding += 1
    return outstanding
  }
}

function put<Key>(of: Map<Key, Set<DeliveryRecord>>, key: Key, record: DeliveryRecord): void {
  const known = of.get(key)
  if (known === undefined) of.set(key, new Set([record]))
  else known.add(record)
}

function drop<Key>(of: Map<Key, Set<DeliveryRecord>>, key: Key, record: DeliveryRecord): void {
  const known = of.get(key)
  known?.delete(record)
  if (known?.size === 0) of.delete(key)
}
