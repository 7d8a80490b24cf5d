import type { Clock } from '../../clock.ts'
import type { DeliveryId, RedeliveryId } from '../../ids.ts'
import { copyOfAuditRow, copyOfMessage, copyOfSettlement } from '../copies.ts'
import type { Erasure, ErasureTarget } from '../erasure.ts'
import type { SlotRequest } from '../rate-slots.ts'
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
import type { Transactional, TransactionClient } from '../transactional.ts'
import { storeUnavailable } from '../unavailable.ts'
import { AuditTable } from './audit-table.ts'
import type { ChangeListener } from './change-listener.ts'
import { type Database, refused } from './database.ts'
import { DeliveryList } from './delivery-list.ts'
import { DeliveryTable } from './delivery-table.ts'
import { EndpointTable } from './endpoint-table.ts'
import type { StoreIdentity } from './migrate.ts'
import { OutboxTable } from './outbox-table.ts'
import { enqueueIn } from './publish.ts'
import { RedeliveryTable } from './redelivery-table.ts'
import { UpkeepTable } from './upkeep-table.ts'

/** Rows that one transaction removes or buries at most, so that others get their turn. */
const batchRows = 500

/** A schema of a PostgreSQL database, shared by any number of hosts. */
export class PostgresStore implements Store, Transactional {
  readonly name = 'postgres'
  readonly durable = true
  readonly #database: Database
  readonly #changes: ChangeListener
  readonly #identity: StoreIdentity
  readonly #clock: Clock
  readonly #outbox: OutboxTable
  readonly #deliveries: DeliveryTable
  readonly #list: DeliveryList
  readonly #endpoints: EndpointTable
  readonly #redeliveries: RedeliveryTable
  readonly #audit: AuditTable
  readonly #upkeep: UpkeepTable

  /** @param database - migrated; closed with the store, as is the listener */
  constructor(database: Database, changes: ChangeListener, identity: StoreIdentity, clock: Clock) {
    const now = (): number => clock.now()
    this.#database = database
    this.#changes = changes
    this.#identity = identity
    this.#clock = clock
    this.#outbox = new OutboxTable(database, now)
    this.#deliveries = new DeliveryTable(database, now)
    this.#list = new DeliveryList(database)
    this.#endpoints = new EndpointTable(database)
    this.#redeliveries = new RedeliveryTable(database)
    this.#audit = new AuditTable(database)
    this.#upkeep = new UpkeepTable(database)
  }

  ready(): void | Promise<void> {
    return this.#database.ready(() => this.#upkeep.probe())
  }

  async ping(): Promise<void> {
    await this.#open(() => this.#upkeep.ping())
    await this.ready()
  }

  async enqueue(
    messages: readonly NewMessage[],
    claimed?: { readonly lease: Lease; readonly ids: ReadonlySet<DeliveryId> },
  ): Promise<void> {
    const own = messages.map(copyOfMessage)
    const born = claimed && { lease: { ...claimed.lease }, ids: new Set(claimed.ids) }
    await this.#open(() => this.#outbox.enqueue(own, born))
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
    return this.#open(() => this.#deliveries.claim(request))
  }

  async nextDueAt(endpoints: readonly string[]): Promise<number | null> {
    return this.#open(() => this.#list.nextDueAt(endpoints))
  }

  async renew(ids: readonly DeliveryId[], lease: Lease): Promise<ReadonlySet<DeliveryId>> {
    return this.#open(() => this.#deliveries.renew(ids, lease))
  }

  async release(ids: readonly DeliveryId[], owner: string): Promise<void> {
    await this.#open(() => this.#deliveries.release(ids, owner))
  }

  async settle(settlements: readonly Settlement[]): Promise<readonly boolean[]> {
    const own = settlements.map(copyOfSettlement)
    return this.#open(() => this.#deliveries.settle(own))
  }

  async recover(now: number): Promise<number> {
    return this.#open(() => this.#deliveries.recover(now))
  }

  async beat(host: string, now: number): Promise<void> {
    await this.#open(() => this.#upkeep.beat(host, now))
  }

  async leave(host: string): Promise<void> {
    await this.#open(() => this.#upkeep.leave(host))
  }

  version(): number | undefined {
    return this.#changes.version
  }

  onChange(listener: () => void): Disposable {
    return this.#changes.onChange(listener)
  }

  async deliveries(filter: DeliveryFilter): Promise<Page<DeliveryRow>> {
    return this.#open(() => this.#list.page(filter))
  }

  async delivery(id: DeliveryId): ReturnType<Store['delivery']> {
    return this.#open(() => this.#list.find(id))
  }

  async cancel(id: DeliveryId, at: number): Promise<boolean> {
    return this.#open(() => this.#deliveries.cancel(id, at))
  }

  async backlog(): Promise<Backlog> {
    return this.#open(() => this.#list.backlog())
  }

  async endpointStates(): Promise<readonly EndpointState[]> {
    return this.#open(() => this.#endpoints.all())
  }

  async updateEndpoint(
    endpoint: string,
    fields: Partial<Omit<EndpointState, 'endpoint'>>,
  ): Promise<void> {
    const own = { ...fields }
    await this.#open(() => this.#endpoints.update(endpoint, own))
  }

  async takeProbe(endpoint: string, now: number, next: number): Promise<boolean> {
    return this.#open(() => this.#endpoints.takeProbe(endpoint, now, next))
  }

  async takeSlots(endpoint: string, request: SlotRequest): Promise<number> {
    return this.#open(() => this.#endpoints.takeSlots(endpoint, request))
  }

  async bury(endpoint: string, reason: string, at: number): Promise<number> {
    return this.#inBatches(Number.POSITIVE_INFINITY, (rows) =>
      this.#deliveries.bury(endpoint, reason, at, rows),
    )
  }

  async waitingEndpoints(after: string, limit: number): Promise<readonly string[]> {
    return this.#open(() => this.#list.waitingEndpoints(after, limit))
  }

  async countWaiting(endpoint: string): Promise<number> {
    return this.#open(() => this.#list.countWaiting(endpoint))
  }

  async audit(rows: readonly AuditRow[]): Promise<void> {
    const own = rows.map(copyOfAuditRow)
    await this.#open(() => this.#audit.add(own))
  }

  async auditTrail(filter: AuditFilter): Promise<Page<AuditRow>> {
    return this.#open(() => this.#audit.page(filter))
  }

  async auditPage(query: AuditPageQuery): Promise<AuditPage> {
    return this.#open(() => this.#audit.pageAt(query))
  }

  async createRedelivery(redelivery: NewRedelivery): Promise<Redelivery> {
    const own = { ...redelivery, filter: { ...redelivery.filter } }
    return this.#open(() => this.#redeliveries.create(own))
  }

  async redelivery(id: RedeliveryId): Promise<Redelivery | undefined> {
    return this.#open(() => this.#redeliveries.find(id))
  }

  async redeliveries(listing: RedeliveryListing): Promise<Page<Redelivery>> {
    return this.#open(() => this.#redeliveries.page(listing))
  }

  async holdRedelivery(lease: Lease, now: number): Promise<Redelivery | undefined> {
    return this.#open(() => this.#redeliveries.hold(lease, now))
  }

  async advanceRedelivery(
    id: RedeliveryId,
    step: RedeliveryAdvance,
  ): Promise<RedeliveryStep | undefined> {
    return this.#open(() => this.#redeliveries.advance(id, step))
  }

  async stopRedelivery(id: RedeliveryId, at: number): Promise<Redelivery | undefined> {
    return this.#open(() => this.#redeliveries.stop(id, at))
  }

  async erase(target: ErasureTarget, at: number, limit: number): Promise<Erasure> {
    return this.#open(() => this.#upkeep.erase(target, at, limit))
  }

  async prune(before: number, limit: number): Promise<number> {
    return this.#inBatches(limit, (rows) => this.#upkeep.prune(before, rows))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#database.close()
    this.#changes[Symbol.dispose]()
    await Promise.all([this.#outbox.idle(), this.#deliveries.idle(), this.#audit.idle()])
    await this.#database[Symbol.asyncDispose]()
  }

  /** Changes at most `limit` rows, in a transaction of its own for each batch. Resolves to how many there were. */
  async #inBatches(limit: number, change: (rows: number) => Promise<number>): Promise<number> {
    let changed = 0
    while (changed < limit) {
      const done = await this.#open(() => change(Math.min(batchRows, limit - changed)))
      // A batch may be smaller than asked for because others hold some of its rows.
      if (done === 0) break
      changed += done
    }
    return changed
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
