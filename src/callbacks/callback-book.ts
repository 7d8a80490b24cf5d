import { randomUUID } from 'node:crypto'
import { type Clock, systemClock } from '../clock.ts'
import { CarabinerError, RecordConflictError } from '../errors.ts'
import type { MessageId } from '../ids.ts'
import type { Page } from '../store/page.ts'
import type { RecordPut, RecordWrite } from '../store/records.ts'
import type { AuditRow, Store } from '../store/store.ts'
import { Turns } from '../turns.ts'
import { type Callback, callbackOf, collection, putOf, sortable } from './callback.ts'
import { type AuditedChange, auditRowOf } from './callback-audit.ts'
import { type CallbackListQuery, cursorOf, placeOfCursor } from './callback-list.ts'

/** What callbacks are kept in: any store. */
export type CallbackStore = Pick<Store, 'writeRecords' | 'records' | 'findRecords' | 'enqueue'>

/** A callback that shall be. */
export interface NewCallback {
  /** Who waits for the answer: it is found among theirs. 1 to 255 characters. */
  readonly waiter: string
  /** From now to the deadline, in milliseconds; at most 30 days. */
  readonly timeoutMs: number
  /** What to know again when the answer comes: small JSON. It is not erased. @defaultValue `null` */
  readonly meta?: unknown
  /** How long it is kept once it is resolved. @defaultValue 7 days */
  readonly retentionMs?: number
  /** @defaultValue `null` */
  readonly tenant?: string | null
  /** @defaultValue `null` */
  readonly messageId?: MessageId | null
}

const day = 86_400_000
const longestTimeoutMs = 30 * day
/** How long a callback is kept once it is resolved, unless whoever makes it says otherwise. Milliseconds. */
export const defaultRetentionMs: number = 7 * day
const waiterShape = /^[^\p{Cc}]{1,255}$/u

/** Why a callback failed that nobody answered. */
export const expiredError = 'callback timed out'

/**
 * Callbacks, known to every program on the store.
 *
 * One is found by its id, which is the key of its record: however many wait, an answer is one read and one write. Each write
 * names the version it has read, so that of several answers at once one is kept. Only a sweep ends a callback at its deadline,
 * by the clock of the program that sweeps: until then it can be answered.
 *
 * Who names an `actor` has a row in the audit trail committed with the change.
 *
 * Every method rejects with STORE_UNAVAILABLE when the store cannot be reached or written.
 */
export class CallbackBook {
  readonly #store: CallbackStore
  readonly #clock: Pick<Clock, 'now'>
  readonly #isAwaited: (callback: Callback) => Promise<boolean>
  /** Answers to one callback: those of one process would only spoil each other's writes. */
  readonly #turns = new Turns()

  /** @param isAwaited - whether anybody waits still for one that was not answered: else it is not there for whoever answers. @defaultValue somebody does */
  constructor(
    store: CallbackStore,
    clock: Pick<Clock, 'now'> = systemClock,
    isAwaited: (callback: Callback) => Promise<boolean> = async () => true,
  ) {
    this.#store = store
    this.#clock = clock
    this.#isAwaited = isAwaited
  }

  /** @throws {CarabinerError} USAGE for a timeout or a waiter that cannot be one */
  async create(wanted: NewCallback): Promise<Callback> {
    const { callback, write } = this.draft(wanted)
    await this.#store.writeRecords([write])
    return callback
  }

  /** A callback and the write that makes it, for a transaction with others. @throws {CarabinerError} USAGE as `create` */
  draft(wanted: NewCallback): { readonly callback: Callback; readonly write: RecordPut } {
    const { waiter, timeoutMs, meta = null, retentionMs = defaultRetentionMs } = wanted
    if (!(timeoutMs >= 0 && timeoutMs <= longestTimeoutMs)) {
      throw new CarabinerError('USAGE', `a callback waits for 0 ms to 30 days, got ${timeoutMs}`)
    }
    if (!waiterShape.test(waiter)) {
      throw new CarabinerError(
        'USAGE',
        'the waiter of a callback has 1 to 255 characters, no control',
      )
    }
    const { tenant = null, messageId = null } = wanted
    const createdAt = this.#clock.now()
    const callback: Callback = {
      ...{ id: randomUUID(), state: 'WaitingExternal', waiter, meta, createdAt },
      ...{ deadline: createdAt + Math.ceil(timeoutMs), resolvedAt: null, resolvedBy: null },
      ...{ takenAt: null, payload: null, error: null, retentionMs, tenant, messageId },
    }
    return { callback, write: putOf(callback, 'absent') }
  }

  /** In the order of the ids, at most 1,000; `undefined` for those there are not. */
  async find(ids: readonly string[]): Promise<readonly (Callback | undefined)[]> {
    const found = await this.#store.records(collection, ids)
    return found.map((record) => record && callbackOf(record))
  }

  /** @throws {CarabinerError} USAGE for a cursor that is no `nextCursor`, or a limit out of range */
  async list(query: CallbackListQuery = {}): Promise<Page<Callback>> {
    const { state, limit = 100 } = query
    const walk = {
      ...({ collection, index: 'state', order: 'descending' } as const),
      ...(state !== undefined && { prefix: `${state}\n` }),
    }
    const after = placeOfCursor(query)
    const found = await this.#store.findRecords({ ...walk, ...(after && { after }), limit })
    const rows = found.map(callbackOf)
    const last = found.at(-1)
    if (last === undefined || found.length < limit) return { rows, nextCursor: null }
    const rest = await this.#store.findRecords({ ...walk, after: last, limit: 1 })
    return { rows, nextCursor: rest.length === 0 ? null : cursorOf(last) }
  }

  /** @param payload - JSON text, kept as it is. Resolves to the callback, or to `undefined` when it does not wait. */
  complete(
    id: string,
    payload: Uint8Array | null,
    actor?: string | undefined,
  ): Promise<Callback | undefined> {
    const change = { action: 'callback.completed', actor } as const
    return this.#change(id, change, (waiting) => ({
      ...this.#resolved(waiting, 'complete'),
      payload,
    }))
  }

  /** Resolves to the callback, or to `undefined` when it does not wait. */
  fail(id: string, error: string, actor?: string | undefined): Promise<Callback | undefined> {
    const change = { action: 'callback.failed', actor } as const
    return this.#change(id, change, (waiting) => ({ ...this.#resolved(waiting, 'fail'), error }))
  }

  /** Moves the deadline to so long from now. Resolves to the callback, or to `undefined` when it does not wait. */
  heartbeat(
    id: string,
    timeoutMs: number,
    actor?: string | undefined,
  ): Promise<Callback | undefined> {
    const deadline = this.#clock.now() + Math.ceil(timeoutMs)
    const change = { action: 'callback.extended', actor } as const
    return this.#change(id, change, (waiting) => ({ ...waiting, deadline }))
  }

  /** Nobody waits any more: it is gone, unless it was answered before. Resolves to whether it waited. */
  async withdraw(id: string): Promise<boolean> {
    for (;;) {
      const waiting = await this.#waiting(id)
      if (waiting === undefined) return false
      const removal = { kind: 'remove', collection, id, expects: waiting.version } as const
      if (await this.#written([removal])) return true
    }
  }

  /** The oldest that were answered, or expired, and are not taken by the one who waits. @param limit - 1 to 1,000 */
  async answered(waiter: string, limit: number): Promise<readonly Callback[]> {
    const prefix = `${waiter}\n`
    const found = await this.#store.findRecords({ collection, index: 'answered', prefix, limit })
    return found.map(callbackOf)
  }

  /** Takes an answer: of several who try, one gets the callback, once. */
  async take(id: string): Promise<Callback | undefined> {
    for (;;) {
      const [record] = await this.#store.records(collection, [id])
      if (record === undefined) return undefined
      const callback = callbackOf(record)
      if (callback.resolvedAt === null || callback.takenAt !== null) return undefined
      const taken = { ...callback, takenAt: this.#clock.now() }
      if (await this.#written([putOf(taken, record.version)])) return taken
    }
  }

  /** Lets those fail whose deadline has come, the longest overdue first. Resolves to them. @param limit - 1 to 1,000 */
  async expireDue(limit: number, actor?: string | undefined): Promise<readonly Callback[]> {
    const now = this.#clock.now()
    const to = sortable(now + 1)
    const due = await this.#store.findRecords({ collection, index: 'due', to, limit })
    return this.#expire(
      due.map((record) => {
        const callback = { ...this.#resolved(callbackOf(record), 'expiry'), error: expiredError }
        const change = { action: 'callback.expired', actor } as const
        const audit = this.#auditOf(change, callback)
        return { callback, write: putOf(callback, record.version), audit }
      }),
    )
  }

  /** In one write; one that has changed meanwhile spoils the write for all, so they are parted until it is alone. */
  async #expire(due: readonly Expiry[]): Promise<readonly Callback[]> {
    if (due.length === 0) return []
    const writes = due.map(({ write }) => write)
    const audit = due.flatMap((each) => each.audit)
    if (await this.#written(writes, audit)) return due.map(({ callback }) => callback)
    if (due.length === 1) return []
    const middle = Math.ceil(due.length / 2)
    return [
      ...(await this.#expire(due.slice(0, middle))),
      ...(await this.#expire(due.slice(middle))),
    ]
  }

  /** Goes round again only when another program has written the same callback meanwhile: it ends, as the others do. */
  #change(
    id: string,
    change: Change,
    next: (waiting: Callback) => Callback,
  ): Promise<Callback | undefined> {
    return this.#turns.take(id, async () => {
      for (;;) {
        const waiting = await this.#waiting(id)
        if (waiting === undefined || !(await this.#isAwaited(waiting.callback))) return undefined
        const changed = next(waiting.callback)
        const audit = this.#auditOf(change, changed)
        if (await this.#written([putOf(changed, waiting.version)], audit)) return changed
      }
    })
  }

  #auditOf({ action, actor }: Change, callback: Callback): readonly AuditRow[] {
    return actor === undefined ? [] : [auditRowOf(action, callback, actor, this.#clock.now())]
  }

  async #waiting(
    id: string,
  ): Promise<{ readonly callback: Callback; readonly version: number } | undefined> {
    const [record] = await this.#store.records(collection, [id])
    if (record === undefined) return undefined
    const callback = callbackOf(record)
    return callback.resolvedAt === null ? { callback, version: record.version } : undefined
  }

  #resolved(waiting: Callback, resolvedBy: 'complete' | 'fail' | 'expiry'): Callback {
    const state = resolvedBy === 'complete' ? 'Completed' : 'Failed'
    return { ...waiting, state, resolvedBy, resolvedAt: this.#clock.now() }
  }

  /** Whether it was written; `false` when something was not as it was read. */
  async #written(
    records: readonly RecordWrite[],
    audit: readonly AuditRow[] = [],
  ): Promise<boolean> {
    try {
      if (audit.length === 0) await this.#store.writeRecords(records)
      else await this.#store.enqueue([], undefined, { records, audit })
      return true
    } catch (error) {
      if (error instanceof RecordConflictError && error.collection === collection) return false
      throw error
    }
  }
}

/** What is done to a callback, and who does it; by nobody who shall stand in the audit trail: `undefined`. */
interface Change {
  readonly action: AuditedChange
  readonly actor: string | undefined
}

interface Expiry {
  readonly callback: Callback
  readonly write: RecordPut
  readonly audit: readonly AuditRow[]
}
