import { RecordConflictError } from '../errors.ts'
import type { RecordPlace, RecordPut, RecordStore, RecordWrite } from '../store/records.ts'
import {
  type DispatchRecord,
  dispatchCollection,
  dispatchOf,
  holderIndex,
  putOfDispatch,
  type VersionedDispatch,
} from './dispatch-record.ts'

/** A page of dispatches that processes work on or hold. */
export interface TiedPage {
  readonly dispatches: readonly VersionedDispatch[]
  /** Where the next page begins; `undefined`: there is none. */
  readonly next: RecordPlace | undefined
}

/**
 * Dispatches that were parked, known to every host on the store.
 *
 * Each write names the version it replaces, so that every transition happens once. Every method rejects with STORE_UNAVAILABLE when the store cannot be
 * reached or written.
 */
export class DispatchBook {
  readonly #store: Pick<RecordStore, 'writeRecords' | 'records' | 'findRecords'>
  readonly #keptMs: () => number

  /** @param keptMs - how long one is kept that is done */
  constructor(
    store: Pick<RecordStore, 'writeRecords' | 'records' | 'findRecords'>,
    keptMs: () => number,
  ) {
    this.#store = store
    this.#keptMs = keptMs
  }

  async find(id: string): Promise<VersionedDispatch | undefined> {
    const [found] = await this.findAll([id])
    return found
  }

  /** In the order of the ids, at most 1,000. */
  async findAll(ids: readonly string[]): Promise<readonly (VersionedDispatch | undefined)[]> {
    if (ids.length === 0) return []
    const found = await this.#store.records(dispatchCollection, ids)
    return found.map((record) => record && dispatchOf(record))
  }

  /** Those that processes work on or hold, by the ids of their hosts. @param limit - 1 to 1,000 */
  async tied(after: RecordPlace | undefined, limit: number): Promise<TiedPage> {
    const walk = { collection: dispatchCollection, index: holderIndex, limit }
    const found = await this.#store.findRecords({ ...walk, ...(after && { after }) })
    const next = found.length < limit ? undefined : found.at(-1)
    return { dispatches: found.map(dispatchOf), next }
  }

  draft(record: DispatchRecord, expects: 'absent' | number): RecordPut {
    return putOfDispatch(record, expects, this.#keptMs())
  }

  /** All or nothing. Resolves to whether it was written: `false` when something is not as it was read. */
  async write(writes: readonly RecordWrite[]): Promise<boolean> {
    try {
      await this.#store.writeRecords(writes)
      return true
    } catch (error) {
      if (error instanceof RecordConflictError) return false
      throw error
    }
  }
}
