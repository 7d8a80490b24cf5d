import type { Clock } from '../../clock.ts'
import type { DeliveryId } from '../../ids.ts'
import { copyOfAttempt, copyOfMessage } from '../copies.ts'
import { hostSilenceMs } from '../liveness.ts'
import { withReason } from '../missing-endpoint.ts'
import { pageLimit, placeOfCursor, toPage } from '../paging.ts'
import type {
  AuditFilter,
  AuditPage,
  AuditPageQuery,
  AuditRow,
  Backlog,
  ClaimedDelivery,
  ClaimRequest,
  DeliveryFilter,
  DeliveryRow,
  EndpointState,
  Lease,
  NewMessage,
  Page,
  Settlement,
  Store,
} from '../store.ts'
import { storeUnavailable } from '../unavailable.ts'
import { AuditLog } from './audit-log.ts'
import { DeliveryBook } from './delivery-book.ts'
import { type DeliveryRecord, messageOf, rowOf } from './delivery-record.ts'
import { EndpointBook } from './endpoint-book.ts'

/** Everything in this process, gone with it. */
export class MemoryStore implements Store {
  readonly name = 'memory'
  readonly durable = false
  readonly #clock: Clock
  readonly #book = new DeliveryBook()
  readonly #endpoints = new EndpointBook()
  readonly #hosts = new Map<string, number>()
  readonly #audit = new AuditLog()
  #closed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  ready(): void {
    if (this.#closed) throw storeUnavailable('the store is closed')
  }

  async ping(): Promise<void> {
    this.ready()
  }

  async enqueue(
    messages: readonly NewMessage[],
    claimed?: { readonly lease: Lease; readonly ids: ReadonlySet<DeliveryId> },
  ): Promise<void> {
    this.ready()
    this.#book.check(messages, claimed?.ids)
    const leaseOf = (id: DeliveryId): Lease | null =>
      claimed?.ids.has(id) === true ? { ...claimed.lease } : null
    for (const message of messages) this.#book.add(copyOfMessage(message), leaseOf)
  }

  async claim({ lease, now, endpoints }: ClaimRequest): Promise<ClaimedDelivery[]> {
    this.ready()
    return endpoints.flatMap(({ endpoint, limit }) => this.#claimOf(endpoint, limit, now, lease))
  }

  async nextDueAt(endpoints: readonly string[]): Promise<number | null> {
    this.ready()
    const dues = endpoints.map((endpoint) => this.#book.queue(endpoint).nextDueAt())
    const known = dues.filter((due) => due !== null)
    return known.length === 0 ? null : Math.min(...known)
  }

  async renew(ids: readonly DeliveryId[], lease: Lease): Promise<ReadonlySet<DeliveryId>> {
    this.ready()
    const held = ids.filter((id) => {
      const record = this.#heldBy(lease.owner, id)
      if (record !== undefined) record.lease = { ...lease }
      return record !== undefined
    })
    return new Set(held)
  }

  async release(ids: readonly DeliveryId[], owner: string): Promise<void> {
    this.ready()
    for (const id of ids) {
      const record = this.#heldBy(owner, id)
      if (record !== undefined) this.#giveBack(record, this.#clock.now())
    }
  }

  async settle(settlements: readonly Settlement[]): Promise<readonly boolean[]> {
    this.ready()
    return settlements.map((settlement) => this.#settle(settlement))
  }

  async recover(now: number): Promise<number> {
    this.ready()
    for (const [host, beatAt] of this.#hosts) {
      if (beatAt < now - hostSilenceMs) this.#hosts.delete(host)
    }
    const lost = [...this.#book.sending].filter(({ lease }) => this.#isLost(lease, now))
    for (const record of lost) this.#giveBack(record, now)
    return lost.length
  }

  async beat(host: string, now: number): Promise<void> {
    this.ready()
    this.#hosts.set(host, now)
  }

  async leave(host: string): Promise<void> {
    this.ready()
    this.#hosts.delete(host)
  }

  version(): undefined {
    return undefined
  }

  async deliveries(filter: DeliveryFilter): Promise<Page<DeliveryRow>> {
    this.ready()
    const limit = pageLimit(filter.limit)
    const place = placeOfCursor('deliveries', filter.cursor)
    const found = this.#book.timeline.newest(place, limit + 1, (record) => matches(record, filter))
    return toPage(
      'deliveries',
      found,
      limit,
      (record) => record,
      (record) => this.#listed(record),
    )
  }

  async delivery(id: DeliveryId): ReturnType<Store['delivery']> {
    this.ready()
    const record = this.#book.records.get(id)
    if (record === undefined) return undefined
    const log = [...record.log.values()].sort((a, b) => a.number - b.number)
    return {
      delivery: this.#listed(record),
      message: messageOf(record),
      attempts: log.map(copyOfAttempt),
    }
  }

  async cancel(id: DeliveryId, at: number): Promise<boolean> {
    this.ready()
    const record = this.#book.records.get(id)
    if (record?.state !== 'pending') return false
    this.#book.settle(record, 'cancelled', at)
    return true
  }

  async backlog(): Promise<Backlog> {
    this.ready()
    return {
      pending: this.#book.count('pending'),
      sending: this.#book.count('sending'),
      dead: this.#book.count('dead'),
      oldestPendingAt: this.#book.oldestUnsettled()?.at ?? null,
    }
  }

  async endpointStates(): Promise<readonly EndpointState[]> {
    this.ready()
    return this.#endpoints.all()
  }

  async updateEndpoint(
    endpoint: string,
    fields: Partial<Omit<EndpointState, 'endpoint'>>,
  ): Promise<void> {
    this.ready()
    this.#endpoints.update(endpoint, fields)
  }

  async takeProbe(endpoint: string, now: number, next: number): Promise<boolean> {
    this.ready()
    return this.#endpoints.takeProbe(endpoint, now, next)
  }

  async bury(endpoint: string, reason: string, at: number): Promise<number> {
    this.ready()
    const waiting = this.#book.queue(endpoint).pending()
    for (const record of waiting) {
      record.lastError = reason
      this.#book.settle(record, 'dead', at)
    }
    return waiting.length
  }

  async waitingEndpoints(after: string, limit: number): Promise<readonly string[]> {
    this.ready()
    const waiting = this.#book.waitingEndpoints()
    return waiting.filter((endpoint) => endpoint > after).slice(0, limit)
  }

  async countWaiting(endpoint: string): Promise<number> {
    this.ready()
    return this.#book.queue(endpoint).pending().length
  }

  async audit(rows: readonly AuditRow[]): Promise<void> {
    this.ready()
    this.#audit.add(rows)
  }

  async auditTrail(filter: AuditFilter): Promise<Page<AuditRow>> {
    this.ready()
    return this.#audit.page(filter)
  }

  async auditPage(query: AuditPageQuery): Promise<AuditPage> {
    this.ready()
    return this.#audit.pageAt(query)
  }

  async prune(before: number, limit: number): Promise<number> {
    this.ready()
    const deliveries = this.#book.prune(before, limit)
    return deliveries + this.#audit.prune(before, limit - deliveries)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
  }

  #listed(record: DeliveryRecord): DeliveryRow {
    return withReason(rowOf(record), this.#endpoints.missingSince(record.endpoint))
  }

  #claimOf(endpoint: string, limit: number, now: number, lease: Lease): ClaimedDelivery[] {
    const claimed: ClaimedDelivery[] = []
    while (claimed.length < limit) {
      const record = this.#book.lend(endpoint, now, { ...lease })
      if (record === undefined) break
      claimed.push({
        ...rowOf(record),
        orderKey: record.orderKey,
        message: messageOf(record),
      })
    }
    return claimed
  }

  #settle({ id, owner, attempt, next, at }: Settlement): boolean {
    const record = this.#heldBy(owner, id)
    if (record === undefined) return false
    if (attempt !== null) record.log.set(attempt.number, copyOfAttempt(attempt))
    record.attempts = Math.max(record.attempts, attempt?.number ?? 0)
    if (next.kind !== 'delivered') record.lastError = next.reason ?? record.lastError
    if (next.kind === 'pending') this.#book.giveBack(record, next.dueAt)
    else this.#book.settle(record, next.kind, at)
    return true
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

function matches(record: DeliveryRecord, { state, endpoint, from, to }: DeliveryFilter): boolean {
  return (
    (state === undefined || record.state === state) &&
    (endpoint === undefined || record.endpoint === endpoint) &&
    (from === undefined || record.at >= from) &&
    (to === undefined || record.at < to)
  )
}
