import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../../clock.ts'
import { CarabinerError } from '../../errors.ts'
import type { DeliveryId, MessageId, RedeliveryId } from '../../ids.ts'
import type { AuditFilter, AuditPage, AuditPageQuery, AuditRow } from '../audit.ts'
import type { Beside } from '../beside.ts'
import { copyOfAuditRow, copyOfMessage, copyOfSettlement } from '../copies.ts'
import type { DueEndpoints, DueWalk } from '../due-endpoints.ts'
import type { Erasure, ErasureTarget } from '../erasure.ts'
import type { Place } from '../paging.ts'
import type { PermitRequest, Permits } from '../permits.ts'
import type { SlotRequest } from '../rate-slots.ts'
import { checkCount } from '../record-lookup.ts'
import { ownWrites } from '../record-write.ts'
import type {
  FoundRecord,
  RecordLookup,
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
import { readPage } from './delivery-page.ts'
import type { GivenUp } from './delivery-table.ts'
import { fileGuard } from './file-guard.ts'
import { GroupCommit } from './group-commit.ts'
import { untilUnlocked } from './lock.ts'
import { countAll, type Slice } from './slice-count.ts'
import { type Tables, tablesOf } from './tables.ts'

/** Rows that one transaction removes or buries at most, so that claims get their turn. */
const batchRows = 500
/** Milliseconds between two tries to write to a store that could not be written. */
const probeIntervalMs = 1000

/** One SQLite file. Writes of one turn share a commit; reads are made at once. */
export class SqliteStore implements Store {
  readonly name = 'sqlite'
  readonly durable = true
  readonly #database: DatabaseSync
  readonly #clock: Clock
  readonly #writes: GroupCommit
  readonly #tables: Tables
  #probedAt = Number.NEGATIVE_INFINITY

  /** @param database - opened by `openDatabase`; closed with the store */
  constructor(database: DatabaseSync, path: string, clock: Clock) {
    this.#database = database
    this.#clock = clock
    this.#writes = new GroupCommit(database, clock, fileGuard(path, clock))
    this.#tables = tablesOf(database)
  }

  ready(): void | Promise<void> {
    if (this.#writes.closed) throw storeUnavailable('the store is closed')
    const { trouble } = this.#writes
    if (trouble === undefined) return
    if (this.#clock.monotonic() - this.#probedAt < probeIntervalMs) throw trouble
    return this.#probe()
  }

  async ping(): Promise<void> {
    await this.#read(() => this.#tables.version.get())
    await this.ready()
  }

  async enqueue(
    messages: readonly NewMessage[],
    claimed?: { readonly lease: Lease; readonly ids: ReadonlySet<DeliveryId> },
    { records = [], audit = [] }: Beside = {},
  ): Promise<void> {
    const own = messages.map(copyOfMessage)
    const born = claimed && { lease: { ...claimed.lease }, ids: new Set(claimed.ids) }
    const kept = ownWrites(records)
    const rows = audit.map(copyOfAuditRow)
    await this.#writes.write(() => {
      this.#tables.records.write(kept)
      this.#tables.outbox.enqueue(own, born)
      this.#tables.audit.add(rows)
    })
  }

  async claim({ lease, now, endpoints }: ClaimRequest): Promise<ClaimedDelivery[]> {
    const request = { lease: { ...lease }, now, endpoints: [...endpoints] }
    return this.#writes.write(() => this.#tables.deliveries.claim(request))
  }

  async nextDueAt(endpoints: readonly string[]): Promise<number | null> {
    return this.#read(() => this.#tables.list.nextDueAt(endpoints))
  }

  async renew(ids: readonly DeliveryId[], lease: Lease): Promise<ReadonlySet<DeliveryId>> {
    const own = [...ids]
    const { owner, until } = lease
    return this.#writes.write(() => this.#tables.deliveries.renew(own, { owner, until }))
  }

  async release(ids: readonly DeliveryId[], owner: string): Promise<void> {
    const own = [...ids]
    const now = this.#clock.now()
    await this.#writes.write(() => this.#tables.deliveries.release(own, owner, now))
  }

  async settle(settlements: readonly Settlement[]): Promise<readonly boolean[]> {
    const own = settlements.map(copyOfSettlement)
    return this.#writes.write(() => this.#tables.deliveries.settle(own))
  }

  async recover(now: number): Promise<number> {
    return this.#writes.write(() => this.#tables.deliveries.recover(now))
  }

  async beat(host: string, now: number): Promise<void> {
    await this.#writes.write(() => this.#tables.hosts.beat(host, now))
  }

  async leave(host: string): Promise<void> {
    await this.#writes.write(() => this.#tables.hosts.leave(host))
  }

  version(): number | undefined {
    try {
      return Number(this.#tables.version.get()?.['data_version'])
    } catch {
      // Closed, or locked for this moment: it cannot be told, and whoever reads or writes next is told why.
      return undefined
    }
  }

  async deliveries(filter: DeliveryFilter): Promise<Page<DeliveryRow>> {
    return readPage(filter, (after, wanted) =>
      this.#read(() => this.#tables.page.slice(filter, after, wanted)),
    )
  }

  async delivery(id: DeliveryId): ReturnType<Store['delivery']> {
    return this.#read(() => this.#tables.list.find(id))
  }

  async tally(messages: readonly MessageId[]): Promise<readonly Tally[]> {
    checkCount('messages', messages)
    return this.#read(() => this.#tables.list.tally(messages))
  }

  async cancel(id: DeliveryId, at: number): Promise<boolean> {
    return this.#writes.write(() => this.#tables.deliveries.cancel(id, at))
  }

  async backlog(): Promise<Backlog> {
    const { inState, oldestUnsettledAt } = this.#tables.backlog
    const pending = await this.#count((after) => inState('pending', after))
    const sending = await this.#count((after) => inState('sending', after))
    const dead = await this.#count((after) => inState('dead', after))
    const oldestPendingAt = await this.#read(oldestUnsettledAt)
    return { pending, sending, dead, oldestPendingAt }
  }

  async endpointStates(endpoints?: readonly string[]): Promise<readonly EndpointState[]> {
    const table = this.#tables.endpoints
    return this.#read(() => (endpoints === undefined ? table.all() : table.of(endpoints)))
  }

  async updateEndpoint(
    endpoint: string,
    fields: Partial<Omit<EndpointState, 'endpoint'>>,
  ): Promise<void> {
    const own = { ...fields }
    await this.#writes.write(() => this.#tables.endpoints.update(endpoint, own))
  }

  async takeProbe(endpoint: string, now: number, next: number): Promise<boolean> {
    return this.#writes.write(() => this.#tables.endpoints.takeProbe(endpoint, now, next))
  }

  async bury(endpoint: string, reason: string, at: number): Promise<number> {
    return this.#giveUp(endpoint, { state: 'dead', reason, at })
  }

  async cancelWaiting(endpoint: string, reason: string, at: number): Promise<number> {
    return this.#giveUp(endpoint, { state: 'cancelled', reason, at })
  }

  async waitingEndpoints(after: string, limit: number): Promise<readonly string[]> {
    return this.#read(() => this.#tables.list.waitingEndpoints(after, limit))
  }

  async dueEndpoints(walk: DueWalk): Promise<DueEndpoints> {
    return this.#read(() => this.#tables.list.dueEndpoints(walk))
  }

  async countWaiting(endpoint: string): Promise<number> {
    const { waitingFor } = this.#tables.backlog
    const first = await this.#count((after) => waitingFor(endpoint, 'first of key', after))
    return first + (await this.#count((after) => waitingFor(endpoint, 'held back', after)))
  }

  async audit(rows: readonly AuditRow[]): Promise<void> {
    const own = rows.map(copyOfAuditRow)
    await this.#writes.write(() => this.#tables.audit.add(own))
  }

  async auditTrail(filter: AuditFilter): Promise<Page<AuditRow>> {
    return this.#read(() => this.#tables.audit.page(filter))
  }

  async auditPage(query: AuditPageQuery): Promise<AuditPage> {
    return this.#read(() => this.#tables.audit.pageAt(query))
  }

  async prune(before: number, limit: number): Promise<number> {
    return this.#inBatches(limit, (rows) => this.#tables.retention.prune(before, rows))
  }

  async createRedelivery(redelivery: NewRedelivery): Promise<Redelivery> {
    const own = { ...redelivery, filter: { ...redelivery.filter } }
    const selection = { filter: own.filter, before: own.createdAt }
    const matched = await this.#count((after) => this.#tables.settled.count(selection, after))
    return this.#writes.write(() => this.#tables.redeliveries.add(own, matched))
  }

  async redelivery(id: RedeliveryId): Promise<Redelivery | undefined> {
    return this.#read(() => this.#tables.redeliveries.find(id))
  }

  async redeliveries(listing: RedeliveryListing): Promise<Page<Redelivery>> {
    return this.#read(() => this.#tables.redeliveries.page(listing))
  }

  async holdRedelivery(lease: Lease, now: number): Promise<Redelivery | undefined> {
    const own = { ...lease }
    return this.#writes.write(() => this.#tables.redeliveries.hold(own, now))
  }

  async advanceRedelivery(
    id: RedeliveryId,
    step: RedeliveryAdvance,
  ): Promise<RedeliveryStep | undefined> {
    const own = { ...step }
    for (;;) {
      const advanced = await this.#writes.write(() => this.#tables.redeliveries.advance(id, own))
      if (advanced?.isIdle !== true) return advanced?.step
    }
  }

  async stopRedelivery(id: RedeliveryId, at: number): Promise<Redelivery | undefined> {
    return this.#writes.write(() => this.#tables.redeliveries.stop(id, at))
  }

  async erase(target: ErasureTarget, at: number, limit: number): Promise<Erasure> {
    const own = { ...target }
    const erasure = await this.#writes.write(() => this.#tables.erasure.erase(own, at, limit))
    const isLast = erasure.messages < limit && erasure.records < limit
    if (isLast) await this.#read(() => this.#tables.erasure.forget())
    return erasure
  }

  async takeSlots(endpoint: string, request: SlotRequest): Promise<number> {
    const own = { ...request }
    return this.#writes.write(() => this.#tables.rates.take(endpoint, own))
  }

  async takePermits(key: string, request: PermitRequest): Promise<Permits> {
    const own = { ...request }
    return this.#writes.write(() => this.#tables.permits.take(key, own))
  }

  async writeRecords(writes: readonly RecordWrite[]): Promise<void> {
    const own = ownWrites(writes)
    await this.#writes.write(() => this.#tables.records.write(own))
  }

  async records(
    collection: string,
    ids: readonly string[],
  ): Promise<readonly (StoredRecord | undefined)[]> {
    return this.#read(() => this.#tables.recordList.records(collection, ids))
  }

  async findRecords(query: RecordQuery): Promise<readonly FoundRecord[]> {
    return this.#read(() => this.#tables.recordList.find(query))
  }

  async lookUpRecords(lookup: RecordLookup): Promise<readonly StoredRecord[]> {
    return this.#read(() => this.#tables.recordList.lookUp(lookup))
  }

  async expireRecords(now: number, limit: number): Promise<number> {
    return this.#inBatches(limit, (rows) => this.#tables.records.expire(now, rows))
  }

  /** Other processes are noticed by `version`. */
  onChange(): Disposable {
    return { [Symbol.dispose]() {} }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writes[Symbol.asyncDispose]()
    if (this.#database.isOpen) this.#database.close()
  }

  /** Asks the disk whether it takes writes again; those who ask meanwhile are told what was last known. */
  #probe(): Promise<void> {
    this.#probedAt = this.#clock.monotonic()
    return this.#writes.write(() => this.#tables.probe.write())
  }

  #giveUp(endpoint: string, how: GivenUp): Promise<number> {
    const { deliveries } = this.#tables
    const all = Number.POSITIVE_INFINITY
    return this.#inBatches(all, (rows) => deliveries.giveUp(endpoint, how, rows))
  }

  /** Changes at most `limit` rows, in a transaction of its own for each batch. Resolves to how many there were. */
  async #inBatches(limit: number, change: (rows: number) => number): Promise<number> {
    let changed = 0
    while (changed < limit) {
      const rows = Math.min(batchRows, limit - changed)
      const done = await this.#writes.write(() => change(rows))
      changed += done
      if (done < rows) break
    }
    return changed
  }

  #count(slice: (after: Place | undefined) => Slice): Promise<number> {
    return countAll((after) => this.#read(() => slice(after)))
  }

  async #read<T>(run: () => T): Promise<T> {
    if (this.#writes.closed) throw storeUnavailable('the store is closed')
    try {
      return await untilUnlocked(this.#clock, run)
    } catch (error) {
      if (error instanceof CarabinerError) throw error
      throw storeUnavailable('the store cannot be read', error)
    }
  }
}
