import type { Clock } from '../../clock.ts'
import type { DeliveryId, MessageId, RedeliveryId } from '../../ids.ts'
import type {
  AuditChains,
  AuditFilter,
  AuditPage,
  AuditPageQuery,
  AuditRow,
  LooseRow,
} from '../audit.ts'
import type { ChainedRow } from '../audit-chain.ts'
import type { AuditCut } from '../audit-cut.ts'
import type { AuditWriterOptions } from '../audit-writer.ts'
import type { Beside } from '../beside.ts'
import { besideOf, copyOfMessage, copyOfSettlement, type OwnBeside, ownBeside } from '../copies.ts'
import { type DueEndpoints, type DueWalk, dueAmong } from '../due-endpoints.ts'
import type { Erasure, ErasureTarget } from '../erasure.ts'
import type { PermitRequest, Permits } from '../permits.ts'
import type { SlotRequest } from '../rate-slots.ts'
import type { RecordListQuery } from '../record-list.ts'
import { checkCount } from '../record-lookup.ts'
import { ownWrites } from '../record-write.ts'
import type {
  FoundRecord,
  RecordLookup,
  RecordPage,
  RecordQuery,
  RecordWrite,
  StoredRecord,
} from '../records.ts'
import type {
  NewRedelivery,
  Redelivery,
  RedeliveryAdvance,
  RedeliveryListing,
  RedeliveryStep,
} from '../redelivery.ts'
import type {
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
import type { Tally } from '../tally.ts'
import { storeUnavailable } from '../unavailable.ts'
import { AuditLog } from './audit-log.ts'
import { DeliveryBook } from './delivery-book.ts'
import { DeliveryLife } from './delivery-life.ts'
import { DeliveryListing } from './delivery-listing.ts'
import { EndpointBook } from './endpoint-book.ts'
import { eraseMessages } from './erasure.ts'
import { PermitBook } from './permit-book.ts'
import { RateBook } from './rate-book.ts'
import { RecordBook } from './record-book.ts'
import { RedeliveryBook } from './redelivery-book.ts'

/** Everything in this process, gone with it. */
export class MemoryStore implements Store {
  readonly name = 'memory'
  readonly durable = false
  readonly #clock: Clock
  readonly #book = new DeliveryBook()
  readonly #endpoints = new EndpointBook()
  readonly #redeliveries = new RedeliveryBook(this.#book)
  readonly #rates = new RateBook()
  readonly #life = new DeliveryLife(this.#book)
  readonly #listing = new DeliveryListing(this.#book, this.#endpoints)
  readonly #audit: AuditLog
  readonly #records = new RecordBook()
  readonly #permits = new PermitBook()
  #closed = false

  constructor(clock: Clock, audit: AuditWriterOptions = {}) {
    this.#clock = clock
    this.#audit = new AuditLog(audit)
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
    beside: Beside = {},
  ): Promise<void> {
    this.ready()
    this.#book.check(messages, claimed?.ids)
    this.#writeBeside(ownBeside(beside))
    const leaseOf = (id: DeliveryId): Lease | null =>
      claimed?.ids.has(id) === true ? { ...claimed.lease } : null
    for (const message of messages) this.#book.add(copyOfMessage(message), leaseOf)
  }

  async claim(request: ClaimRequest): Promise<ClaimedDelivery[]> {
    this.ready()
    return this.#life.claim(request)
  }

  async nextDueAt(endpoints: readonly string[]): Promise<number | null> {
    this.ready()
    const dues = endpoints.map((endpoint) => this.#book.queue(endpoint).nextDueAt())
    const known = dues.filter((due) => due !== null)
    return known.length === 0 ? null : Math.min(...known)
  }

  async renew(ids: readonly DeliveryId[], lease: Lease): Promise<ReadonlySet<DeliveryId>> {
    this.ready()
    return this.#life.renew(ids, lease)
  }

  async release(ids: readonly DeliveryId[], owner: string): Promise<void> {
    this.ready()
    this.#life.release(ids, owner, this.#clock.now())
  }

  async settle(settlements: readonly Settlement[]): Promise<readonly boolean[]> {
    this.ready()
    const own = settlements.map(copyOfSettlement)
    this.#writeBeside(besideOf(this.#life.held(own)))
    return own.map((settlement) => this.#life.settle(settlement))
  }

  async recover(now: number): Promise<number> {
    this.ready()
    return this.#life.recover(now)
  }

  async beat(host: string, now: number): Promise<void> {
    this.ready()
    this.#life.beat(host, now)
  }

  async leave(host: string): Promise<void> {
    this.ready()
    this.#life.leave(host)
  }

  async liveHosts(now: number): Promise<ReadonlySet<string>> {
    this.ready()
    return this.#life.liveHosts(now)
  }

  version(): undefined {
    return undefined
  }

  async deliveries(filter: DeliveryFilter): Promise<Page<DeliveryRow>> {
    this.ready()
    return this.#listing.page(filter)
  }

  async delivery(id: DeliveryId): ReturnType<Store['delivery']> {
    this.ready()
    return this.#listing.find(id)
  }

  async tally(messages: readonly MessageId[]): Promise<readonly Tally[]> {
    this.ready()
    checkCount('messages', messages)
    return messages.map((message) => this.#listing.tally(message))
  }

  async cancel(id: DeliveryId, at: number, audit: readonly AuditRow[] = []): Promise<boolean> {
    this.ready()
    const record = this.#book.records.get(id)
    if (record?.state !== 'pending') return false
    this.#writeBeside(ownBeside({ audit }))
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

  async endpointStates(endpoints?: readonly string[]): Promise<readonly EndpointState[]> {
    this.ready()
    return endpoints === undefined ? this.#endpoints.all() : this.#endpoints.of(endpoints)
  }

  async updateEndpoint(
    endpoint: string,
    fields: Partial<Omit<EndpointState, 'endpoint'>>,
    audit: readonly AuditRow[] = [],
  ): Promise<void> {
    this.ready()
    this.#writeBeside(ownBeside({ audit }))
    this.#endpoints.update(endpoint, fields)
  }

  async takeProbe(endpoint: string, now: number, next: number): Promise<boolean> {
    this.ready()
    return this.#endpoints.takeProbe(endpoint, now, next)
  }

  async bury(endpoint: string, reason: string, at: number): Promise<number> {
    this.ready()
    return this.#life.giveUp(endpoint, 'dead', reason, at)
  }

  async cancelWaiting(endpoint: string, reason: string, at: number): Promise<number> {
    this.ready()
    return this.#life.giveUp(endpoint, 'cancelled', reason, at)
  }

  async waitingEndpoints(after: string, limit: number): Promise<readonly string[]> {
    this.ready()
    return this.#book.waiting.after(after, '', limit)
  }

  async dueEndpoints({ prefix, after, now, visits }: DueWalk): Promise<DueEndpoints> {
    this.ready()
    const visited = this.#book.waiting.after(after, prefix, visits)
    return dueAmong(visited, visits, (endpoint) => {
      const dueAt = this.#book.queue(endpoint).nextDueAt()
      return dueAt !== null && dueAt <= now
    })
  }

  async countWaiting(endpoint: string): Promise<number> {
    this.ready()
    return this.#book.queue(endpoint).countPending()
  }

  async audit(rows: readonly AuditRow[]): Promise<void> {
    this.ready()
    this.#writeBeside(ownBeside({ audit: rows }))
  }

  async auditTrail(filter: AuditFilter): Promise<Page<AuditRow>> {
    this.ready()
    return this.#audit.page(filter)
  }

  async auditPage(query: AuditPageQuery): Promise<AuditPage> {
    this.ready()
    return this.#audit.pageAt(query)
  }

  async auditChains(): Promise<AuditChains> {
    this.ready()
    return this.#audit.chains()
  }

  async chainedRows(chain: string, after: number, limit: number): Promise<readonly ChainedRow[]> {
    this.ready()
    return this.#audit.chained(chain, after, limit)
  }

  /** Every row was chained from the first on. */
  async looseRows(): Promise<readonly LooseRow[]> {
    this.ready()
    return []
  }

  async pruneAudit(before: number, limit: number): Promise<AuditCut> {
    this.ready()
    return this.#audit.prune(before, limit)
  }

  async prune(before: number, limit: number): Promise<number> {
    this.ready()
    const deliveries = this.#book.prune(before, limit)
    return deliveries + this.#redeliveries.prune(before, limit - deliveries)
  }

  async createRedelivery(redelivery: NewRedelivery): Promise<Redelivery> {
    this.ready()
    return this.#redeliveries.create(redelivery)
  }

  async redelivery(id: RedeliveryId): Promise<Redelivery | undefined> {
    this.ready()
    return this.#redeliveries.find(id)
  }

  async redeliveries(filter: RedeliveryListing): Promise<Page<Redelivery>> {
    this.ready()
    return this.#redeliveries.page(filter)
  }

  async holdRedelivery(lease: Lease, now: number): Promise<Redelivery | undefined> {
    this.ready()
    return this.#redeliveries.hold(lease, now)
  }

  async advanceRedelivery(
    id: RedeliveryId,
    step: RedeliveryAdvance,
  ): Promise<RedeliveryStep | undefined> {
    this.ready()
    return this.#redeliveries.advance(id, step)
  }

  async stopRedelivery(id: RedeliveryId, at: number): Promise<Redelivery | undefined> {
    this.ready()
    return this.#redeliveries.stop(id, at)
  }

  async erase(target: ErasureTarget, at: number, limit: number): Promise<Erasure> {
    this.ready()
    const records = this.#records.erase(target, at, limit)
    return { ...eraseMessages(this.#book, target, at, limit), records }
  }

  async writeRecords(writes: readonly RecordWrite[]): Promise<void> {
    this.ready()
    this.#records.write(ownWrites(writes))
  }

  async records(
    collection: string,
    ids: readonly string[],
  ): Promise<readonly (StoredRecord | undefined)[]> {
    this.ready()
    return this.#records.records(collection, ids)
  }

  async findRecords(query: RecordQuery): Promise<readonly FoundRecord[]> {
    this.ready()
    return this.#records.find(query)
  }

  recordStamp(collection: string): string {
    return this.#records.stamps.of(collection)
  }

  async lookUpRecords(lookup: RecordLookup): Promise<readonly StoredRecord[]> {
    this.ready()
    return this.#records.lookUp(lookup)
  }

  async listRecords(query: RecordListQuery): Promise<RecordPage> {
    this.ready()
    return this.#records.list(query)
  }

  async expireRecords(now: number, limit: number): Promise<number> {
    this.ready()
    return this.#records.expire(now, limit)
  }

  async takePermits(key: string, request: PermitRequest): Promise<Permits> {
    this.ready()
    return this.#permits.take(key, request)
  }

  async takeSlots(endpoint: string, request: SlotRequest): Promise<number> {
    this.ready()
    return this.#rates.take(endpoint, request)
  }

  /** No other process sees this store. */
  onChange(): Disposable {
    return { [Symbol.dispose]() {} }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
  }

  /** All or nothing. */
  #writeBeside({ records, audit }: OwnBeside): void {
    this.#audit.check(audit)
    this.#records.write(records)
    this.#audit.add(audit)
  }
}
