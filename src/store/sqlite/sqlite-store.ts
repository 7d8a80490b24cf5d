import type { DatabaseSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../../clock.ts'
import { CarabinerError } from '../../errors.ts'
import type { DeliveryId } from '../../ids.ts'
import { copyOfAuditRow, copyOfMessage, copyOfSettlement } from '../copies.ts'
import type { Place } from '../paging.ts'
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
  DeliveryState,
  EndpointState,
  Lease,
  NewMessage,
  Page,
  Settlement,
  Store,
} from '../store.ts'
import { storeUnavailable } from '../unavailable.ts'
import { fileGuard } from './file-guard.ts'
import { GroupCommit } from './group-commit.ts'
import { untilUnlocked } from './lock.ts'
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
  ): Promise<void> {
    const own = messages.map(copyOfMessage)
    const born = claimed && { lease: { ...claimed.lease }, ids: new Set(claimed.ids) }
    await this.#writes.write(() => this.#tables.outbox.enqueue(own, born))
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
    return this.#read(() => this.#tables.list.page(filter))
  }

  async delivery(id: DeliveryId): ReturnType<Store['delivery']> {
    return this.#read(() => this.#tables.list.find(id))
  }

  async cancel(id: DeliveryId, at: number): Promise<boolean> {
    return this.#writes.write(() => this.#tables.deliveries.cancel(id, at))
  }

  async backlog(): Promise<Backlog> {
    const pending = await this.#count('pending')
    const sending = await this.#count('sending')
    const dead = await this.#count('dead')
    const oldestPendingAt = await this.#read(() => this.#tables.backlog.oldestUnsettledAt())
    return { pending, sending, dead, oldestPendingAt }
  }

  async endpointStates(): Promise<readonly EndpointState[]> {
    return this.#read(() => this.#tables.endpoints.all())
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
    const { deliveries } = this.#tables
    return this.#inBatches(Number.POSITIVE_INFINITY, (rows) =>
      deliveries.bury(endpoint, reason, at, rows),
    )
  }

  async waitingEndpoints(after: string, limit: number): Promise<readonly string[]> {
    return this.#read(() => this.#tables.list.waitingEndpoints(after, limit))
  }

  async countWaiting(endpoint: string): Promise<number> {
    return this.#read(() => this.#tables.list.countWaiting(endpoint))
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writes[Symbol.asyncDispose]()
    if (this.#database.isOpen) this.#database.close()
  }

  /** Asks the disk whether it takes writes again; those who ask meanwhile are told what was last known. */
  #probe(): Promise<void> {
    this.#probedAt = this.#clock.monotonic()
    return this.#writes.write(() => this.#tables.probe.write())
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

  /** Everything else gets its turn between two slices. */
  async #count(state: DeliveryState): Promise<number> {
    let counted = 0
    for (let after: Place | undefined; ; await setImmediate()) {
      const slice = await this.#read(() => this.#tables.backlog.slice(state, after))
      counted += slice.rows
      if (slice.end === undefined) return counted
      after = slice.end
    }
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
