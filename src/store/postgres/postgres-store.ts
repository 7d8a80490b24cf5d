import type { Clock } from '../../clock.ts'
import type { DeliveryId, MessageId, RedeliveryId } from '../../ids.ts'
import type { AuditChains } from '../audit.ts'
import { type AuditCut, cutChains } from '../audit-cut.ts'
import type { AuditWriter } from '../audit-writer.ts'
import type { Beside } from '../beside.ts'
import { auditTextOf, copyOfMessage, copyOfSettlement, ownBeside } from '../copies.ts'
import type { DueEndpoints, DueWalk } from '../due-endpoints.ts'
import type { Erasure, ErasureTarget } from '../erasure.ts'
import { hostSilenceMs } from '../liveness.ts'
import type { PermitRequest, Permits } from '../permits.ts'
import type { SlotRequest } from '../rate-slots.ts'
import type { RecordListQuery } from '../record-list.ts'
import { ownListQuery } from '../record-listing.ts'
import { isRecordName } from '../record-text.ts'
import type { RecordLookup, RecordPage, RecordQuery, RecordWrite } from '../records.ts'
import type {
  NewRedelivery,
  Redelivery,
  RedeliveryAdvance,
  RedeliveryListing,
  RedeliveryStep,
} from '../redelivery.ts'
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
import type { Tally } from '../tally.ts'
import type { Transactional, TransactionClient } from '../transactional.ts'
import { storeUnavailable } from '../unavailable.ts'
import { inBatches } from './batches.ts'
import type { ChangeListener } from './change-listener.ts'
import { type Database, refused } from './database.ts'
import type { GivenUp } from './delivery-table.ts'
import type { StoreIdentity } from './migrate.ts'
import { enqueueIn } from './publish.ts'
import { type Tables, tablesOf } from './tables.ts'

/** A schema of a PostgreSQL database, shared by any number of hosts. */
export class PostgresStore implements Store, Transactional {
  readonly name = 'postgres'
  readonly durable = true
  readonly #database: Database
  readonly #changes: ChangeListener
  readonly #identity: StoreIdentity
  readonly #clock: Clock
  readonly #tables: Tables

  /** @param database - migrated; closed with the store, as is the listener */
  constructor(
    database: Database,
    changes: ChangeListener,
    identity: StoreIdentity,
    clock: Clock,
    writer: AuditWriter,
  ) {
    this.#database = database
    this.#changes = changes
    this.#identity = identity
    this.#clock = clock
    this.#tables = tablesOf(database, () => clock.now(), writer)
  }

  ready(): void | Promise<void> {
    return this.#database.ready(() => this.#tables.upkeep.probe())
  }

  async ping(): Promise<void> {
    await this.#open(() => this.#tables.upkeep.ping())
    await this.ready()
  }

  async enqueue(
    messages: readonly NewMessage[],
    claimed?: { readonly lease: Lease; readonly ids: ReadonlySet<DeliveryId> },
    beside: Beside = {},
  ): Promise<void> {
    const own = messages.map(copyOfMessage)
    const born = claimed && { lease: { ...claimed.lease }, ids: new Set(claimed.ids) }
    const stored = ownBeside(beside)
    await this.#open(() => this.#tables.outbox.enqueue(own, born, stored))
  }

  async writeRecords(records: readonly RecordWrite[]): Promise<void> {
    await this.enqueue([], undefined, { records })
  }

  async records(collection: string, ids: readonly string[]): ReturnType<Store['records']> {
    return this.#open(() => this.#tables.records.get(collection, ids))
  }

  async findRecords(query: RecordQuery): ReturnType<Store['findRecords']> {
    return this.#open(() => this.#tables.records.find(query))
  }

  /** Another host may have written, and tells nobody. */
  recordStamp(): undefined {
    return undefined
  }

  async lookUpRecords(lookup: RecordLookup): ReturnType<Store['lookUpRecords']> {
    return this.#open(() => this.#tables.records.lookUp(lookup))
  }

  async listRecords(query: RecordListQuery): Promise<RecordPage> {
    const own = ownListQuery(query)
    if (!isRecordName(own.collection)) return { records: [], total: 0, totalIsExact: true }
    return this.#open(() => this.#tables.records.list(own))
  }

  async expireRecords(now: number, limit: number): Promise<number> {
    await this.#open(() => this.#tables.permits.forget(now))
    const expired = await this.#inBatches(limit, (rows) => this.#tables.records.expire(now, rows))
    if (expired > 0) await this.#open(() => this.#tables.records.tidyLists())
    return expired
  }

  async takePermits(key: string, request: PermitRequest): Promise<Permits> {
    return this.#open(() => this.#tables.permits.take(key, request))
  }

  async enqueueWith(tx: TransactionClient, messages: readonly NewMessage[]): Promise<void> {
    const { schema } = this.#database
    await this.#open(() =>
      enqueueIn(tx, messages.map(copyOfMessage), {
        schema,
        store: this.#identity.id,
        now: this.#clock.now(),
      }),
    )
  }

  async claim({ lease, now, endpoints }: ClaimRequest): Promise<ClaimedDelivery[]> {
    const request = { lease: { ...lease }, now, endpoints: [...endpoints] }
    return this.#open(() => this.#tables.deliveries.claim(request))
  }

  async nextDueAt(endpoints: readonly string[]): Promise<number | null> {
    return this.#open(() => this.#tables.list.nextDueAt(endpoints))
  }

  async renew(ids: readonly DeliveryId[], lease: Lease): Promise<ReadonlySet<DeliveryId>> {
    return this.#open(() => this.#tables.deliveries.renew(ids, lease))
  }

  async release(ids: readonly DeliveryId[], owner: string): Promise<void> {
    await this.#open(() => this.#tables.deliveries.release(ids, owner))
  }

  async settle(settlements: readonly Settlement[]): Promise<readonly boolean[]> {
    const own = settlements.map(copyOfSettlement)
    return this.#open(() => this.#tables.deliveries.settle(own))
  }

  async recover(now: number): Promise<number> {
    return this.#open(() => this.#tables.deliveries.recover(now))
  }

  async beat(host: string, now: number): Promise<void> {
    await this.#open(() => this.#tables.upkeep.beat(host, now))
  }

  async leave(host: string): Promise<void> {
    await this.#open(() => this.#tables.upkeep.leave(host))
  }

  async liveHosts(now: number): Promise<ReadonlySet<string>> {
    return new Set(await this.#open(() => this.#tables.upkeep.live(now - hostSilenceMs)))
  }

  version(): number | undefined {
    return this.#changes.version
  }

  onChange(listener: () => void): Disposable {
    return this.#changes.onChange(listener)
  }

  async deliveries(filter: DeliveryFilter): Promise<Page<DeliveryRow>> {
    return this.#open(() => this.#tables.list.page(filter))
  }

  async delivery(id: DeliveryId): ReturnType<Store['delivery']> {
    return this.#open(() => this.#tables.list.find(id))
  }

  async cancel(id: DeliveryId, at: number, audit: readonly AuditRow[] = []): Promise<boolean> {
    const rows = audit.map(auditTextOf)
    return this.#open(() => this.#tables.deliveries.cancel(id, at, rows))
  }

  async backlog(): Promise<Backlog> {
    return this.#open(() => this.#tables.list.backlog())
  }

  async endpointStates(endpoints?: readonly string[]): Promise<readonly EndpointState[]> {
    return this.#open(() => this.#tables.endpoints.states(endpoints))
  }

  async updateEndpoint(
    endpoint: string,
    fields: Partial<Omit<EndpointState, 'endpoint'>>,
    audit: readonly AuditRow[] = [],
  ): Promise<void> {
    const own = { ...fields }
    const rows = audit.map(auditTextOf)
    await this.#open(() => this.#tables.endpoints.update(endpoint, own, rows))
  }

  async takeProbe(endpoint: string, now: number, next: number): Promise<boolean> {
    return this.#open(() => this.#tables.endpoints.takeProbe(endpoint, now, next))
  }

  async takeSlots(endpoint: string, request: SlotRequest): Promise<number> {
    return this.#open(() => this.#tables.endpoints.takeSlots(endpoint, request))
  }

  async bury(endpoint: string, reason: string, at: number): Promise<number> {
    return this.#giveUp(endpoint, { state: 'dead', reason, at })
  }

  async cancelWaiting(endpoint: string, reason: string, at: number): Promise<number> {
    return this.#giveUp(endpoint, { state: 'cancelled', reason, at })
  }

  async waitingEndpoints(after: string, limit: number): Promise<readonly string[]> {
    return this.#open(() => this.#tables.list.waitingEndpoints(after, limit))
  }

  async countWaiting(endpoint: string): Promise<number> {
    return this.#open(() => this.#tables.list.countWaiting(endpoint))
  }

  async tally(messages: readonly MessageId[]): Promise<readonly Tally[]> {
    return this.#open(() => this.#tables.tallies.tally(messages))
  }

  async dueEndpoints(walk: DueWalk): Promise<DueEndpoints> {
    return this.#open(() => this.#tables.tallies.dueEndpoints(walk))
  }

  async audit(rows: readonly AuditRow[]): Promise<void> {
    await this.enqueue([], undefined, { audit: rows })
  }

  async auditTrail(filter: AuditFilter): Promise<Page<AuditRow>> {
    return this.#open(() => this.#tables.audit.page(filter))
  }

  async auditPage(query: AuditPageQuery): Promise<AuditPage> {
    return this.#open(() => this.#tables.audit.pageAt(query))
  }

  async auditChains(): Promise<AuditChains> {
    return this.#open(() => this.#tables.auditChains.chains())
  }

  async chainedRows(chain: string, after: number, limit: number): ReturnType<Store['chainedRows']> {
    return this.#open(() => this.#tables.auditChains.rows(chain, after, limit))
  }

  async looseRows(after: number, limit: number): ReturnType<Store['looseRows']> {
    return this.#open(() => this.#tables.auditChains.loose(after, limit))
  }

  async pruneAudit(before: number, limit: number): Promise<AuditCut> {
    const { auditChains } = this.#tables
    const { chains } = await this.auditChains()
    return cutChains(chains, limit, {
      cut: (chain, rows) => this.#open(() => auditChains.cut(chain, before, rows)),
      cutUnchained: (rows) => this.#open(() => auditChains.cutUnchained(before, rows)),
    })
  }

  async createRedelivery(redelivery: NewRedelivery): Promise<Redelivery> {
    const own = { ...redelivery, filter: { ...redelivery.filter } }
    return this.#open(() => this.#tables.redeliveries.create(own))
  }

  async redelivery(id: RedeliveryId): Promise<Redelivery | undefined> {
    return this.#open(() => this.#tables.redeliveries.find(id))
  }

  async redeliveries(listing: RedeliveryListing): Promise<Page<Redelivery>> {
    return this.#open(() => this.#tables.redeliveries.page(listing))
  }

  async holdRedelivery(lease: Lease, now: number): Promise<Redelivery | undefined> {
    return this.#open(() => this.#tables.redeliveries.hold(lease, now))
  }

  async advanceRedelivery(
    id: RedeliveryId,
    step: RedeliveryAdvance,
  ): Promise<RedeliveryStep | undefined> {
    return this.#open(() => this.#tables.redeliveries.advance(id, step))
  }

  async stopRedelivery(id: RedeliveryId, at: number): Promise<Redelivery | undefined> {
    return this.#open(() => this.#tables.redeliveries.stop(id, at))
  }

  async erase(target: ErasureTarget, at: number, limit: number): Promise<Erasure> {
    return this.#open(() => this.#tables.upkeep.erase(target, at, limit))
  }

  async prune(before: number, limit: number): Promise<number> {
    return this.#inBatches(limit, (rows) => this.#tables.upkeep.prune(before, rows))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#database.close()
    this.#changes[Symbol.dispose]()
    await this.#tables.idle()
    await this.#database[Symbol.asyncDispose]()
  }

  #giveUp(endpoint: string, what: GivenUp): Promise<number> {
    return this.#inBatches(Number.POSITIVE_INFINITY, (rows) =>
      this.#tables.deliveries.giveUp(endpoint, what, rows),
    )
  }

  #inBatches(limit: number, change: (rows: number) => Promise<number>): Promise<number> {
    return inBatches(limit, (rows) => this.#open(() => change(rows)))
  }

  async #open<T>(work: () => Promise<T>): Promise<T> {
    if (this.#database.closed) throw storeUnavailable('the store is closed')
    try {
      return await work()
    } catch (error) {
      throw refused(error)
    }
  }
}
