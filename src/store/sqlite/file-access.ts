import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Clock } from '../../clock.ts'
import { CarabinerError } from '../../errors.ts'
import type { Place } from '../paging.ts'
import { storeUnavailable } from '../unavailable.ts'
import { fileGuard } from './file-guard.ts'
import { GroupCommit } from './group-commit.ts'
import { untilUnlocked } from './lock.ts'
import type { Log } from './log-file.ts'
import { LogSync } from './log-sync.ts'
import { countAll, type Slice } from './slice-count.ts'

/** Rows that one transaction removes or gives up at most, so that claims get their turn. */
const batchRows = 500
/** Milliseconds between two tries to write to a store that could not be written. */
const probeIntervalMs = 1000

/** What is kept of a transaction until its end. */
export interface TransactionPart {
  /** One begins; what the one before it has left open was undone. */
  begin(): void
  /** Runs a write of it, of which nothing is kept when it throws. */
  together<T>(write: () => T): T
  /** It is about to be committed. */
  finish(): void
}

export interface FileParts {
  readonly path: string
  readonly clock: Clock
  readonly log: Log
  /** `PRAGMA data_version`. */
  readonly version: StatementSync
  /** Writes something that matters to nobody. */
  readonly probe: { write(): void }
  readonly transaction: TransactionPart
}

/**
 * The way to a store's file. Writes of one turn share a commit; reads are made at once.
 *
 * What is read may have been committed a moment ago and not have reached the disk. Nobody is told of it before it has: a caller who is told that his
 * message is there already would rely on that.
 */
export class FileAccess implements AsyncDisposable {
  readonly #database: DatabaseSync
  readonly #clock: Clock
  readonly #version: StatementSync
  readonly #sync: LogSync
  readonly #writes: GroupCommit
  readonly #writeProbe: () => void
  readonly #transaction: TransactionPart
  #probedAt = Number.NEGATIVE_INFINITY

  /** @param database - closed with this, as is the log */
  constructor(
    database: DatabaseSync,
    { path, clock, log, version, probe, transaction }: FileParts,
  ) {
    this.#database = database
    this.#clock = clock
    this.#version = version
    this.#sync = new LogSync(log, () => this.version())
    const guard = fileGuard(path, clock)
    const precondition = (): void => {
      this.#sync.refuseWhenFailed()
      guard()
      transaction.begin()
    }
    this.#writes = new GroupCommit(database, clock, precondition, this.#sync, transaction.finish)
    this.#transaction = transaction
    this.#writeProbe = () => probe.write()
  }

  /** Throws STORE_UNAVAILABLE unless the file takes writes, as far as is known. */
  ready(): void | Promise<void> {
    this.#refuseWhenClosed()
    const { trouble } = this.#writes
    if (trouble === undefined) return
    if (this.#clock.monotonic() - this.#probedAt < probeIntervalMs) throw trouble
    return this.#probe()
  }

  /** Changes when another process has committed; `undefined` when it cannot be told. */
  version(): number | undefined {
    try {
      return Number(this.#version.get()?.['data_version'])
    } catch {
      // Closed, or locked for this moment: whoever reads or writes next is told why.
      return undefined
    }
  }

  /** Resolves to what `run` returned, once it is durable. */
  async read<T>(run: () => T): Promise<T> {
    const result = await this.glimpse(run)
    await this.#sync.seen()
    return result
  }

  /** Resolves to what may not last: for those who do no more with it than to write, which is durable with all that came before. */
  async glimpse<T>(run: () => T): Promise<T> {
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
    return this.#writes.write(() => this.#transaction.together(run))
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
