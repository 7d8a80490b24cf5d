import type { DatabaseSync } from 'node:sqlite'
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
import { type AuditCut, cutChains } from '../audit-cut.ts'
import { AuditWriter, type AuditWriterOptions } from '../audit-writer.ts'
import type { Beside } from '../beside.ts'
import { auditTextOf, besideOf, copyOfMessage, copyOfSettlement, ownBeside } from '../copies.ts'
import type { DueEndpoints, DueWalk } from '../due-endpoints.ts'
import type { Erasure, ErasureTarget } from '../erasure.ts'
import { hostSilenceMs } from '../liveness.ts'
import type { PermitRequest, Permits } from '../permits.ts'
import type { SlotRequest } from '../rate-slots.ts'
import type { RecordListQuery } from '../record-list.ts'
import { ownListQuery } from '../record-listing.ts'
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
import { ownAuditKey } from './audit-chain-table.ts'
import { readPage } from './delivery-page.ts'
import type { GivenUp } from './delivery-table.ts'
import { FileAccess } from './file-access.ts'
import { type Log, openLog } from './log-file.ts'
import { searchRecords } from './record-list-search.ts'
import { type Tables, tablesOf } from './tables.ts'

/** One SQLite file. Writes of one turn share a commit; reads are made at once. */
export class SqliteStore implements Store {
  readonly name = 'sqlite'
  readonly durable = true
  readonly #clock: Clock
  readonly #file: FileAccess
  readonly #tables: Tables

  /** @param database - opened by `openDatabase`; closed with the store, as is the log */
  constructor(
    database: DatabaseSync,
    path: string,
    clock: Clock,
    log: Log = openLog(database),
    audit: AuditWriterOptions = {},
  ) {
    this.#clock = clock
    this.#tables = tablesOf(database, new AuditWriter(audit, ownAuditKey(database)))
    const { probe, version, transaction } = this.#tables
    this.#file = new FileAccess(database, { path, clock, log, version, probe, transaction })
  }

  ready(): void | Promise<void> {
    return this.#file.ready()
  }

  async ping(): Promise<void> {
    await this.#file.read(() => this.#tables.version.get())
    await this.ready()
  }

  async enqueue(
    messages: readonly NewMessage[],
    claimed?: { readonly lease: Lease; readonly ids: ReadonlySet<DeliveryId> },
    beside: Beside = {},
  ): Promise<void> {
    const own = messages.map(copyOfMessage)
    const born = claimed && { lease: { ...claimed.lease }, ids: new Set(claimed.ids) }
    const { records, audit } = ownBeside(beside)
    await this.#file.write(() => {
      this.#tables.records.write(records)
      this.#tables.outbox.enqueue(own, born)
      this.#tables.audit.add(audit)
    })
  }

  async claim({ lease, now, endpoints }: ClaimRequest): Promise<ClaimedDelivery[]> {
    const request = { lease: { ...lease }, now, endpoints: [...endpoints] }
    return this.#file.write(() => this.#tables.deliveries.claim(request))
  }

  async nextDueAt(endpoints: readonly string[]): Promise<number | null> {
    return this.#file.glimpse(() => this.#tables.list.nextDueAt(endpoints))
  }

  async renew(ids: readonly DeliveryId[], lease: Lease): Promise<ReadonlySet<DeliveryId>> {
    const own = [...ids]
    const { owner, until } = lease
    return this.#file.write(() => this.#tables.deliveries.renew(own, { owner, until }))
  }

  async release(ids: readonly DeliveryId[], owner: string): Promise<void> {
    const own = [...ids]
    const now = this.#clock.now()
    await this.#file.write(() => this.#tables.deliveries.release(own, owner, now))
  }

  async settle(settlements: readonly Settlement[]): Promise<readonly boolean[]> {
    const own = settlements.map(copyOfSettlement)
    return this.#file.write(() => {
      const ours = this.#tables.deliveries.settle(own)
      const { records, audit } = besideOf(own.filter((_, index) => ours[index]))
      this.#tables.records.write(records)
      this.#tables.audit.add(audit)
      return ours
    })
  }

  async recover(now: number): Promise<number> {
    return this.#file.write(() => this.#tables.deliveries.recover(now))
  }

  async beat(host: string, now: number): Promise<void> {
    await this.#file.write(() => this.#tables.hosts.beat(host, now))
  }

  async leave(host: string): Promise<void> {
    await this.#file.write(() => this.#tables.hosts.leave(host))
  }

  async liveHosts(now: number): Promise<ReadonlySet<string>> {
    return new Set(await this.#file.read(() => this.#tables.hosts.live(now - hostSilenceMs)))
  }

  version(): number | undefined {
    return this.#file.version()
  }

  async deliveries(filter: DeliveryFilter): Promise<Page<DeliveryRow>> {
    return readPage(filter, (after, wanted) =>
      this.#file.read(() => this.#tables.page.slice(filter, after, wanted)),
    )
  }

  async delivery(id: DeliveryId): ReturnType<Store['delivery']> {
    return this.#file.read(() => this.#tables.list.find(id))
  }

  async tally(messages: readonly MessageId[]): Promise<readonly Tally[]> {
    checkCount('messages', messages)
    return this.#file.read(() => this.#tables.list.tally(messages))
  }

  async cancel(id: DeliveryId, at: number, audit: readonly AuditRow[] = []): Promise<boolean> {
    const rows = audit.map(auditTextOf)
    return this.#file.write(() => {
      const isCancelled = this.#tables.deliveries.cancel(id, at)
      if (isCancelled) this.#tables.audit.add(rows)
      return isCancelled
    })
  }

  async backlog(): Promise<Backlog> {
    const { inState, oldestUnsettledAt } = this.#tables.backlog
    const pending = await this.#file.count((after) => inState('pending', after))
    const sending = await this.#file.count((after) => inState('sending', after))
    const dead = await this.#file.count((after) => inState('dead', after))
    const oldestPendingAt = await this.#file.read(oldestUnsettledAt)
    return { pending, sending, dead, oldestPendingAt }
  }

  async endpointStates(endpoints?: readonly string[]): Promise<readonly EndpointState[]> {
    const table = this.#tables.endpoints
    return this.#file.read(() => (endpoints === undefined ? table.all() : table.of(endpoints)))
  }

  async updateEndpoint(
    endpoint: string,
    fields: Partial<Omit<EndpointState, 'endpoint'>>,
    audit: readonly AuditRow[] = [],
  ): Promise<void> {
    const own = { ...fields }
    const rows = audit.map(auditTextOf)
    await this.#file.write(() => {
      this.#tables.endpoints.update(endpoint, own)
      this.#tables.audit.add(rows)
    })
  }

  async takeProbe(endpoint: string, now: number, next: number): Promise<boolean> {
    return this.#file.write(() => this.#tables.endpoints.takeProbe(endpoint, now, next))
  }

  async bury(endpoint: string, reason: string, at: number): Promise<number> {
    return this.#giveUp(endpoint, { state: 'dead', reason, at })
  }

  async cancelWaiting(endpoint: string, reason: string, at: number): Promise<number> {
    return this.#giveUp(endpoint, { state: 'cancelled', reason, at })
  }

  async waitingEndpoints(after: string, limit: number): Promise<readonly string[]> {
    return this.#file.read(() => this.#tables.list.waitingEndpoints(after, limit))
  }

  async dueEndpoints(walk: DueWalk): Promise<DueEndpoints> {
    return this.#file.glimpse(() => this.#tables.list.dueEndpoints(walk))
  }

  async countWaiting(endpoint: string): Promise<number> {
    const { waitingFor } = this.#tables.backlog
    const first = await this.#file.count((after) => waitingFor(endpoint, 'first of key', after))
    return first + (await this.#file.count((after) => waitingFor(endpoint, 'held back', after)))
  }

  async audit(rows: readonly AuditRow[]): Promise<void> {
    const own = rows.map(auditTextOf)
    await this.#file.write(() => this.#tables.audit.add(own))
  }

  async auditTrail(filter: AuditFilter): Promise<Page<AuditRow>> {
    return this.#file.read(() => this.#tables.audit.page(filter))
  }

  async auditPage(query: AuditPageQuery): Promise<AuditPage> {
    return this.#file.read(() => this.#tables.audit.pageAt(query))
  }

  async auditChains(): Promise<AuditChains> {
    return this.#file.read(() => this.#tables.auditChains.chains())
  }

  async chainedRows(chain: string, after: number, limit: number): Promise<readonly ChainedRow[]> {
    return this.#file.read(() => this.#tables.auditChains.rows(chain, after, limit))
  }

  async looseRows(after: number, limit: number): Promise<readonly LooseRow[]> {
    return this.#file.read(() => this.#tables.auditChains.loose(after, limit))
  }

  async pruneAudit(before: number, limit: number): Promise<AuditCut> {
    const { auditChains } = this.#tables
    const { chains } = await this.auditChains()
    return cutChains(chains, limit, {
      cut: (chain, rows) => this.#file.write(() => auditChains.cut(chain, before, rows)),
      cutUnchained: (rows) => this.#file.write(() => auditChains.cutUnchained(before, rows)),
    })
  }

  async prune(before: number, limit: number): Promise<number> {
    return this.#file.writeInBatches(limit, (rows) => this.#tables.retention.prune(before, rows))
  }

  async createRedelivery(redelivery: NewRedelivery): Promise<Redelivery> {
    const own = { ...redelivery, filter: { ...redelivery.filter } }
    const selection = { filter: own.filter, before: own.createdAt }
    const matched = await this.#file.count((after) => this.#tables.settled.count(selection, after))
    return this.#file.write(() => this.#tables.redeliveries.add(own, matched))
  }

  async redelivery(id: RedeliveryId): Promise<Redelivery | undefined> {
    return this.#file.read(() => this.#tables.redeliveries.find(id))
  }

  async redeliveries(listing: RedeliveryListing): Promise<Page<Redelivery>> {
    return this.#file.read(() => this.#tables.redeliveries.page(listing))
  }

  async holdRedelivery(lease: Lease, now: number): Promise<Redelivery | undefined> {
    const own = { ...lease }
    return this.#file.write(() => this.#tables.redeliveries.hold(own, now))
  }

  async advanceRedelivery(
    id: RedeliveryId,
    step: RedeliveryAdvance,
  ): Promise<RedeliveryStep | undefined> {
    const own = { ...step }
    for (;;) {
      const advanced = await this.#file.write(() => this.#tables.redeliveries.advance(id, own))
      if (advanced?.isIdle !== true) return advanced?.step
    }
  }

  async stopRedelivery(id: RedeliveryId, at: number): Promise<Redelivery | undefined> {
    return this.#file.write(() => this.#tables.redeliveries.stop(id, at))
  }

  async erase(target: ErasureTarget, at: number, limit: number): Promise<Erasure> {
    const own = { ...target }
    const erasure = await this.#file.write(() => this.#tables.erasure.erase(own, at, limit))
    const isLast = erasure.messages < limit && erasure.records < limit
    if (isLast) await this.#file.read(() => this.#tables.erasure.forget())
    return erasure
  }

  async takeSlots(endpoint: string, request: SlotRequest): Promise<number> {
    const own = { ...request }
    return this.#file.write(() => this.#tables.rates.take(endpoint, own))
  }

  async takePermits(key: string, request: PermitRequest): Promise<Permits> {
    const own = { ...request }
    return this.#file.write(() => this.#tables.permits.take(key, own))
  }

  async writeRecords(writes: readonly RecordWrite[]): Promise<void> {
    const own = ownWrites(writes)
    await this.#file.write(() => this.#tables.records.write(own))
  }

  async records(
    collection: string,
    ids: readonly string[],
  ): Promise<readonly (StoredRecord | undefined)[]> {
    return this.#file.read(() => this.#tables.recordList.records(collection, ids))
  }

  async findRecords(query: RecordQuery): Promise<readonly FoundRecord[]> {
    return this.#file.read(() => this.#tables.recordList.find(query))
  }

  recordStamp(collection: string): string | undefined {
    const version = this.#file.version()
    return version === undefined ? undefined : `${version}.${this.#tables.stamps.of(collection)}`
  }

  async lookUpRecords(lookup: RecordLookup): Promise<readonly StoredRecord[]> {
    return this.#file.read(() => this.#tables.recordList.lookUp(lookup))
  }

  async listRecords(query: RecordListQuery): Promise<RecordPage> {
    const own = ownListQuery(query)
    if (own.text === '') return this.#file.read(() => this.#tables.recordListPage.page(own))
    return searchRecords(own, this.#tables, (read) => this.#file.read(read))
  }

  async expireRecords(now: number, limit: number): Promise<number> {
    return this.#file.writeInBatches(limit, (rows) => this.#tables.records.expire(now, rows))
  }

  /** Other processes are noticed by `version`. */
  onChange(): Disposable {
    return { [Symbol.dispose]() {} }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file[Symbol.asyncDispose]()
  }

  #giveUp(endpoint: string, how: GivenUp): Promise<number> {
    const { deliveries } = this.#tables
    const all = Number.POSITIVE_INFINITY
    return this.#file.writeInBatches(all, (rows) => deliveries.giveUp(endpoint, how, rows))
  }
}
