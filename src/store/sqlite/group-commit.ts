import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Clock } from '../../clock.ts'
import type { CarabinerError } from '../../errors.ts'
import { storeUnavailable } from '../unavailable.ts'
import { isStoreFailure } from './failure.ts'
import { untilUnlocked } from './lock.ts'
import type { LogSync } from './log-sync.ts'

/** Writes that share one transaction at most; the others take the next. */
const largestBatch = 500
/** Milliseconds after which no further write joins a transaction: the event loop stands still meanwhile. */
const longestBatchMs = 4

/** One call's write: what it does, and who is told after the commit. */
interface Write {
  /** Runs once more if the transaction is undone, so it changes nothing but the database. */
  readonly run: () => unknown
  readonly resolve: (result: unknown) => void
  readonly reject: (reason: unknown) => void
}

type Result =
  | { readonly kind: 'done'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly reason: unknown }

/** Writes in a transaction that is over, and what each came to. */
interface Committed {
  readonly batch: readonly Write[]
  readonly results: readonly Result[]
}

/**
 * Writes of the same turn of the event loop share one transaction; what there is no time for takes the next. Transactions share a sync of the
 * disk: whoever asked for a write is told what it came to, good or bad, when all that it saw or did has lasted.
 *
 * A write that fails by itself fails alone. When the transaction cannot be begun or committed, all of it fails with STORE_UNAVAILABLE.
 */
export class GroupCommit implements AsyncDisposable {
  readonly #clock: Clock
  readonly #database: DatabaseSync
  readonly #statements: Readonly<
    Record<'begin' | 'commit' | 'save' | 'keep' | 'undo', StatementSync>
  >
  readonly #precondition: () => void
  readonly #finish: () => void
  readonly #sync: LogSync
  #waiting: Write[] = []
  #draining: Promise<void> | undefined
  #closed = false
  /** Whether the next batch pays for savepoints, because a write of it has failed by itself. */
  #guarded = false
  #trouble: CarabinerError | undefined

  /**
   * @param precondition - throws STORE_UNAVAILABLE when what would be written would not last
   * @param finish - writes what is written once for all of a transaction
   */
  constructor(
    database: DatabaseSync,
    clock: Clock,
    precondition: () => void,
    sync: LogSync,
    finish: () => void,
  ) {
    this.#database = database
    this.#clock = clock
    this.#precondition = precondition
    this.#finish = finish
    this.#sync = sync
    this.#statements = {
      begin: database.prepare('BEGIN IMMEDIATE'),
      commit: database.prepare('COMMIT'),
      save: database.prepare('SAVEPOINT write'),
      keep: database.prepare('RELEASE write'),
      undo: database.prepare('ROLLBACK TO write'),
    }
  }

  /** Why the last transaction failed; `undefined` when it worked. */
  get trouble(): CarabinerError | undefined {
    return this.#trouble
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Resolves to what `run` returned, once it is durable. */
  write<T>(run: () => T): Promise<T> {
    if (this.#closed) return Promise.reject(storeUnavailable('the store is closed'))
    return new Promise((resolve, reject) => {
      // The value given to `resolve` is the one this very `run` returned.
      this.#waiting.push({ run, resolve: resolve as Write['resolve'], reject })
      this.#draining ??= this.#drain()
    })
  }

  /** Finishes what was asked for and takes nothing more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    await this.#draining
    await this.#sync[Symbol.asyncDispose]()
  }

  async #drain(): Promise<void> {
    do {
      await nextTurn()
      try {
        const committed = await untilUnlocked(this.#clock, () => this.#commitBatch())
        if (committed === undefined) continue
        const told = this.#tellWhenSynced(committed)
        // What there was no time for is committed while the disk is at this one. What comes meanwhile shares a transaction: many small ones cost more.
        if (this.#waiting.length === 0) await told
      } catch (error) {
        this.#failAll(this.#waiting.splice(0), error)
      }
    } while (this.#waiting.length > 0)
    this.#draining = undefined
  }

  /** Throws when no transaction could be begun; from then on each write is told by itself. `undefined` when nothing was committed. */
  #commitBatch(): Committed | undefined {
    this.#precondition()
    this.#statements.begin.run()
    const batch = this.#waiting.splice(0, largestBatch)
    try {
      const results = this.#runMany(batch)
      this.#waiting.unshift(...batch.splice(results.length))
      if (batch.length === 0) return undefined
      this.#finish()
      this.#statements.commit.run()
      this.#trouble = undefined
      return { batch, results }
    } catch (error) {
      this.#failAll(batch, error)
      this.#rollBack()
      return undefined
    }
  }

  async #tellWhenSynced({ batch, results }: Committed): Promise<void> {
    try {
      await this.#sync.committed()
      batch.forEach((write, index) => {
        tell(write, results[index])
      })
    } catch (error) {
      this.#failAll(batch, error)
    }
  }

  /**
   * Runs the first of the batch, as many as there is time for; the others wait for the next.
   *
   * None when one of them failed by itself: nothing was done, and all are run again with savepoints.
   */
  #runMany(batch: readonly Write[]): readonly Result[] {
    if (this.#guarded) {
      this.#guarded = false
      return this.#whileInTime(batch, (write) => this.#runGuarded(write))
    }
    try {
      return this.#whileInTime(batch, ({ run }) => ({ kind: 'done', value: run() }))
    } catch (error) {
      if (isStoreFailure(error)) throw error
      this.#guarded = true
      this.#rollBack()
      return []
    }
  }

  #whileInTime(batch: readonly Write[], run: (write: Write) => Result): readonly Result[] {
    const end = this.#clock.monotonic() + longestBatchMs
    const results: Result[] = []
    for (const write of batch) {
      results.push(run(write))
      if (this.#clock.monotonic() >= end) break
    }
    return results
  }

  #runGuarded({ run }: Write): Result {
    this.#statements.save.run()
    try {
      return { kind: 'done', value: run() }
    } catch (reason) {
      if (isStoreFailure(reason)) throw reason
      this.#statements.undo.run()
      return { kind: 'failed', reason }
    } finally {
      if (this.#database.isTransaction) this.#statements.keep.run()
    }
  }

  #rollBack(): void {
    // Some failures (disk full) make SQLite roll back by itself.
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
  }

  #failAll(batch: readonly Write[], cause: unknown): void {
    const trouble = storeUnavailable('the store cannot be written', cause)
    this.#trouble = trouble
    for (const write of batch) write.reject(trouble)
  }
}

function tell({ resolve, reject }: Write, result: Result | undefined): void {
  if (result?.kind === 'done') resolve(result.value)
  else reject(result?.reason)
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
