import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../../clock.ts'
import { CarabinerError } from '../../errors.ts'
import type { Place } from '../paging.ts'
import { storeUnavailable } from '../unavailable.ts'
import { fileGuard } from './file-guard.ts'
import { GroupCommit } from './group-commit.ts'
import { untilUnlocked } from './lock.ts'
import { countAll, type Slice } from './slice-count.ts'

/** Rows that one transaction removes or gives up at most, so that claims get their turn. */
const batchRows = 500
/** Milliseconds between two tries to write to a store that could not be written. */
const probeIntervalMs = 1000

/** The way to a store's file. Writes of one turn share a commit; reads are made at once. */
export class FileAccess implements AsyncDisposable {
  readonly #database: DatabaseSync
  readonly #clock: Clock
  readonly #writes: GroupCommit
  readonly #writeProbe: () => void
  #probedAt = Number.NEGATIVE_INFINITY

  /**
   * @param database - closed with this
   * @param writeProbe - writes something that matters to nobody
   * @param audit - told before each transaction, and before it is committed
   */
  constructor(
    database: DatabaseSync,
    path: string,
    clock: Clock,
    writeProbe: () => void,
    audit: { begin(): void; finish(): void },
  ) {
    this.#database = database
    this.#clock = clock
    const guard = fileGuard(path, clock)
    const precondition = (): void => {
      guard()
      audit.begin()
    }
    this.#writes = new GroupCommit(database, clock, precondition, audit.finish)
    this.#writeProbe = writeProbe
  }

  /** Throws STORE_UNAVAILABLE unless the file takes writes, as far as is known. */
  ready(): void | Promise<void> {
    this.#refuseWhenClosed()
    const { trouble } = this.#writes
    if (trouble === undefined) return
    if (this.#clock.monotonic() - this.#probedAt < probeIntervalMs) throw trouble
    return this.#probe()
  }

  async read<T>(run: () => T): Promise<T> {
    this.#refuseWhenClosed()
    try {
      return await untilUnlocked(this.#clock, run)
    } catch (error) {
      if (error instanceof CarabinerError) throw error
      throw storeUnavailable('the store cannot be read', error)
    }
  }

  /** Counts slice after slice. */
  count(slice: (after: Place | undefined) => Slice): Promise<number> {
    return countAll((after) => this.read(() => slice(after)))
  }

  /** Resolves to what `run` returned, once it is durable. */
  write<T>(run: () => T): Promise<T> {
    return this.#writes.write(run)
  }

  /** Changes at most `limit` rows, in a transaction of its own for each batch. Resolves to how many there were. */
  async writeInBatches(limit: number, change: (rows: number) => number): Promise<number> {
    let changed = 0
    while (changed < limit) {
      const rows = Math.min(batchRows, limit - changed)
      const done = await this.write(() => change(rows))
      changed += done
      if (done < rows) break
    }
    return changed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writes[Symbol.asyncDispose]()
    if (this.#database.isOpen) this.#database.close()
  }

  /** Asks the disk whether it takes writes again; those who ask meanwhile are told what was last known. */
  #probe(): Promise<void> {
    this.#probedAt = this.#clock.monotonic()
    return this.#writes.write(this.#writeProbe)
  }

  #refuseWhenClosed(): void {
    if (this.#writes.closed) throw storeUnavailable('the store is closed')
  }
}
