import type { DeliveryId } from '../../ids.ts'
import type { OwnSettlement } from '../copies.ts'
import { hostSilenceMs } from '../liveness.ts'
import type { ClaimedDelivery, ClaimRequest, Lease } from '../store.ts'
import type { DeliveryBook } from './delivery-book.ts'
import { type DeliveryRecord, messageOf, rowOf } from './delivery-record.ts'

/** The ways of a delivery from `pending` to settled, and the hosts that take it there. */
export class DeliveryLife {
  readonly #book: DeliveryBook
  readonly #hosts = new Map<string, number>()

  constructor(book: DeliveryBook) {
    this.#book = book
  }

  claim({ lease, now, endpoints }: ClaimRequest): ClaimedDelivery[] {
    return endpoints.flatMap(({ endpoint, limit }) => this.#claimOf(endpoint, limit, now, lease))
  }

  renew(ids: readonly DeliveryId[], lease: Lease): ReadonlySet<DeliveryId> {
    const held = ids.filter((id) => {
      const record = this.#heldBy(lease.owner, id)
      if (record !== undefined) record.lease = { ...lease }
      return record !== undefined
    })
    return new Set(held)
  }

  release(ids: readonly DeliveryId[], owner: string, now: number): void {
    for (const id of ids) {
      const record = this.#heldBy(owner, id)
      if (record !== undefined) this.#giveBack(record, now)
    }
  }

  /** Those that are their owners' to make, one after the other: the first one of a delivery ends its lease. */
  held(settlements: readonly OwnSettlement[]): readonly OwnSettlement[] {
    const settled = new Set<DeliveryId>()
    return settlements.filter(({ id, owner }) => {
      const isHeld = !settled.has(id) && this.#heldBy(owner, id) !== undefined
      if (isHeld) settled.add(id)
      return isHeld
    })
  }

  /** What is given is the store's own. */
  settle({ id, owner, attempt, next, at }: OwnSettlement): boolean {
    const record = this.#heldBy(owner, id)
    if (record === undefined) return false
    if (attempt !== null) record.log.set(attempt.number, attempt)
    record.attempts = Math.max(record.attempts, attempt?.number ?? 0)
    if (next.kind !== 'delivered') record.lastError = next.reason ?? record.lastError
    if (next.kind === 'pending') this.#book.giveBack(record, next.dueAt)
    else this.#book.settle(record, next.kind, at)
    return true
  }

  recover(now: number): number {
    for (const [host, beatAt] of this.#hosts) {
      if (beatAt < now - hostSilenceMs) this.#hosts.delete(host)
    }
    const lost = this.#book.sending.values().filter(({ lease }) => this.#isLost(lease, now))
    for (const record of lost) this.#giveBack(record, now)
    return lost.length
  }

  beat(host: string, now: number): void {
    this.#hosts.set(host, now)
  }

  leave(host: string): void {
    this.#hosts.delete(host)
  }

  liveHosts(now: number): ReadonlySet<string> {
    const live = [...this.#hosts].filter(([, beatAt]) => beatAt >= now - hostSilenceMs)
    return new Set(live.map(([host]) => host))
  }

  /** Settles everything of an endpoint that waits. */
  giveUp(endpoint: string, state: 'dead' | 'cancelled', reason: string, at: number): number {
    const waiting = this.#book.queue(endpoint).pending()
    for (const record of waiting) {
      record.lastError = reason
      this.#book.settle(record, state, at)
    }
    return waiting.length
  }

  #claimOf(endpoint: string, limit: number, now: number, lease: Lease): ClaimedDelivery[] {
    const claimed: ClaimedDelivery[] = []
    while (claimed.length < limit) {
      const record = this.#book.lend(endpoint, now, { ...lease })
      if (record === undefined) break
      claimed.push({ ...rowOf(record), orderKey: record.orderKey, message: messageOf(record) })
    }
    return claimed
  }

  /** Due at once. */
  #giveBack(record: DeliveryRecord, now: number): void {
    this.#book.giveBack(record, Math.min(record.dueAt, now))
  }

  #heldBy(owner: string, id: DeliveryId): DeliveryRecord | undefined {
    const record = this.#book.records.get(id)
    return record?.lease?.owner === owner ? record : undefined
  }

  #isLost(lease: Lease | null, now: number): boolean {
    return lease === null || lease.until <= now || !this.#hosts.has(lease.owner)
  }
}
