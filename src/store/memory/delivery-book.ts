import type { DeliveryId, RedeliveryId } from '../../ids.ts'
import { TurnoverSet } from '../../turnover.ts'
import { deliveryExists, orderedBornClaimed } from '../refusal.ts'
import type { DeliveryState, Lease, NewDelivery, NewMessage } from '../store.ts'
import type { DeliveryRecord, MessageRecord } from './delivery-record.ts'
import { EndpointQueue } from './endpoint-queue.ts'
import { Heap } from './heap.ts'
import { MessageBook } from './message-book.ts'
import { RedeliveryTies } from './redelivery-ties.ts'
import { isBefore, Timeline } from './timeline.ts'
import { WaitingEndpoints } from './waiting-endpoints.ts'

type SettledState = 'delivered' | 'dead' | 'cancelled'

/** All deliveries with what finds them fast: by id, by endpoint and due time, by age, by when they were settled. */
export class DeliveryBook {
  readonly records: Map<DeliveryId, DeliveryRecord> = new Map()
  readonly timeline: Timeline<DeliveryRecord> = new Timeline((record) => !record.removed)
  /** What is being sent, by any owner. */
  readonly sending: TurnoverSet<DeliveryRecord> = new TurnoverSet()
  readonly messages: MessageBook = new MessageBook()
  readonly ties: RedeliveryTies = new RedeliveryTies()
  /** Names of endpoints that something waits for. */
  readonly waiting: WaitingEndpoints = new WaitingEndpoints((endpoint) =>
    this.queue(endpoint).hasPending(),
  )
  readonly #queues = new Map<string, EndpointQueue>()
  readonly #unsettled = new Heap<DeliveryRecord>(isBefore, (record) => record.settledAt === null)
  readonly #settled = new Heap<DeliveryRecord>(isSettledBefore, () => true)
  readonly #counts = { pending: 0, sending: 0, delivered: 0, dead: 0, cancelled: 0 }
  #seq = 0

  /** Refuses what could not be added as a whole. */
  check(messages: readonly NewMessage[], claimed: ReadonlySet<DeliveryId> | undefined): void {
    this.messages.check(messages)
    const given = new Set<DeliveryId>()
    for (const { deliveries } of messages) {
      for (const { id, orderKey } of deliveries) {
        if (orderKey !== null && claimed?.has(id) === true) throw orderedBornClaimed(id)
        if (given.has(id) || this.records.has(id)) throw deliveryExists(id)
        given.add(id)
      }
    }
  }

  add({ deliveries, ...message }: NewMessage, lease: (id: DeliveryId) => Lease | null): void {
    if (deliveries.length === 0) return
    const of = this.messages.add(message)
    for (const delivery of deliveries) {
      this.#addDelivery(this.#newRecord(delivery, of, message.createdAt, lease(delivery.id), null))
    }
  }

  /** Makes one more delivery of a stored message, pending. */
  addRedelivery(delivery: NewDelivery, of: MessageRecord, at: number, madeBy: RedeliveryId): void {
    this.#addDelivery(this.#newRecord(delivery, of, at, null, madeBy))
  }

  queue(endpoint: string): EndpointQueue {
    const known = this.#queues.get(endpoint)
    if (known !== undefined) return known
    const queue = new EndpointQueue()
    this.#queues.set(endpoint, queue)
    return queue
  }

  /** Takes the next due delivery of an endpoint for the owner of a lease. */
  lend(endpoint: string, now: number, lease: Lease): DeliveryRecord | undefined {
    const record = this.#queues.get(endpoint)?.take(now)
    if (record === undefined) return undefined
    this.#become(record, 'sending')
    record.lease = lease
    return record
  }

  /** `sending` → `pending`. */
  giveBack(record: DeliveryRecord, dueAt: number): void {
    this.#become(record, 'pending')
    record.lease = null
    record.dueAt = dueAt
    this.queue(record.endpoint).offer(record)
    this.waiting.add(record.endpoint)
  }

  settle(record: DeliveryRecord, state: SettledState, at: number): void {
    const from = record.state === 'sending' ? 'sending' : 'pending'
    this.#become(record, state)
    record.lease = null
    record.settledAt = at
    this.queue(record.endpoint).settled(record, from)
    this.#unsettled.buried()
    this.#settled.push(record)
    this.ties.settled(record)
  }

  /** Removes at most `limit` deliveries that were settled before. */
  prune(before: number, limit: number): number {
    for (let removed = 0; ; removed += 1) {
      const first = this.#settled.peek()
      const isOld = first?.settledAt != null && first.settledAt < before
      if (removed >= limit || first === undefined || !isOld) return removed
      this.#settled.pop()
      this.#remove(first)
    }
  }

  count(state: DeliveryState): number {
    return this.#counts[state]
  }

  oldestUnsettled(): DeliveryRecord | undefined {
    return this.#unsettled.peek()
  }

  #newRecord(
    { id, endpoint, dueAt, orderKey, redeliveryOf }: NewDelivery,
    of: MessageRecord,
    at: number,
    lease: Lease | null,
    madeBy: RedeliveryId | null,
  ): DeliveryRecord {
    this.#seq += 1
    return {
      seq: this.#seq,
      at,
      id,
      of,
      endpoint,
      orderKey,
      redeliveryOf,
      root: redeliveryOf === null ? id : (this.records.get(redeliveryOf)?.root ?? redeliveryOf),
      madeBy,
      state: lease === null ? 'pending' : 'sending',
      firstOfKey: true,
      attempts: 0,
      dueAt,
      lease,
      lastError: null,
      settledAt: null,
      removed: false,
      log: new Map(),
    }
  }

  #addDelivery(record: DeliveryRecord): void {
    this.records.set(record.id, record)
    record.of.deliveries.add(record)
    this.ties.add(record)
    this.timeline.add(record)
    this.#unsettled.push(record)
    this.#counts[record.state] += 1
    if (record.state === 'sending') this.sending.add(record)
    else this.waiting.add(record.endpoint)
    this.queue(record.endpoint).add(record)
  }

  #become(record: DeliveryRecord, state: DeliveryState): void {
    this.#counts[record.state] -= 1
    this.#counts[state] += 1
    record.state = state
    if (state === 'sending') this.sending.add(record)
    else this.sending.delete(record)
  }

  #remove(record: DeliveryRecord): void {
    record.removed = true
    this.messages.removeDelivery(record)
    this.ties.remove(record)
    this.#counts[record.state] -= 1
    this.records.delete(record.id)
    this.timeline.removed()
  }
}

function isSettledBefore(a: DeliveryRecord, b: DeliveryRecord): boolean {
  return (a.settledAt ?? 0) < (b.settledAt ?? 0)
}
