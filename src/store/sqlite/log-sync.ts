import type { CarabinerError } from '../../errors.ts'
import { storeUnavailable } from '../unavailable.ts'
import type { Log } from './log-file.ts'

/**
 * Tells when what was committed, and what was read, outlives a power cut.
 *
 * One sync is under way at a time, in a thread of its own. The next one begins when it is over and covers all that was committed until
 * then, so the slower the disk, the more commits share a sync. A sync that began before a commit does not count for it: the disk
 * may have had its turn already.
 *
 * Once a sync has failed none is tried again. The system reports such a failure once and may have dropped what it could not write, so that a
 * second sync would succeed without it, and recovery would stop at the hole and lose all that came behind. SQLite reads the log anew when
 * the store is opened anew.
 */
export class LogSync implements AsyncDisposable {
  readonly #log: Log
  readonly #version: () => number | undefined
  #underWay: Promise<void> | undefined
  #next: Promise<void> | undefined
  /** The version when the last sync began: what other processes had committed by then is covered. */
  #coveredVersion: number | undefined
  #failure: CarabinerError | undefined

  /** @param version - changes when another process has committed; `undefined` when it cannot be told */
  constructor(log: Log, version: () => number | undefined) {
    this.#log = log
    this.#version = version
  }

  /** Resolves when all that was committed before the call is on the disk. */
  committed(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    this.#next ??= this.#syncAfter(this.#underWay)
    return this.#next
  }

  /** Resolves when all that could be read before the call is on the disk: what this process committed, and others. */
  async seen(): Promise<void> {
    this.refuseWhenFailed()
    const version = this.#version()
    if (version === undefined || version !== this.#coveredVersion) await this.committed()
    else await this.#last
  }

  refuseWhenFailed(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Finishes what was begun. */
  async [Symbol.asyncDispose](): Promise<void> {
    while (this.#failure === undefined && this.#last !== undefined) {
      // Whoever waits for it is told how it ended.
      await Promise.allSettled([this.#last])
    }
    this.#log[Symbol.dispose]()
  }

  get #last(): Promise<void> | undefined {
    return this.#next ?? this.#underWay
  }

  async #syncAfter(earlier: Promise<void> | undefined): Promise<void> {
    try {
      await earlier
      this.#underWay = this.#next
      this.#next = undefined
      this.#coveredVersion = this.#version()
      await this.#log.sync()
    } catch (error) {
      throw this.#fail(error)
    } finally {
      this.#underWay = undefined
    }
  }

  #fail(cause: unknown): CarabinerError {
    this.#failure ??= storeUnavailable(
      'the disk did not take what was committed: nothing more is stored until the host is started anew',
      cause,
    )
    return this.#failure
  }
}
