import type { Logger } from '../../bus/handler.ts'
import type { Clock } from '../../clock.ts'
import { CarabinerError } from '../../errors.ts'
import type { DueEndpointStore } from '../../store/due-endpoints.ts'

export interface WalkParts {
  readonly store: DueEndpointStore
  readonly clock: Clock
  readonly log: Logger
  readonly prefix: string
  /** Whether more can be taken in now. */
  readonly hasRoom: () => boolean
  /** Something is due for these. */
  readonly found: (endpoints: readonly string[]) => void
}

/** Names that are looked at in one step: few enough for a claim that comes meanwhile to wait no longer than it would for another claim. */
const visits = 1_000
/** From the end of one walk to the next, and how often there is a look whether there is room again. */
const betweenMs = 1_000
const noRoomMs = 100
/** A walk takes a tenth of the store's time at most, one after the other a twentieth. */
const restPerStep = 9
const restPerWalk = 19
const longestRestMs = 30_000

/**
 * Walks along the endpoints of one family that something waits for, to find what is due and nobody here knows of: after a start, after
 * the death of another host, and when there was too much to remember.
 */
export class Walk {
  readonly #parts: WalkParts
  #isRunning = false
  #after = ''
  /** What this walk has taken the store until now. */
  #tookMs = 0
  #timer: Disposable | undefined

  constructor(parts: WalkParts) {
    this.#parts = parts
  }

  start(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    this.#plan(0)
  }

  stop(): void {
    this.#isRunning = false
    this.#timer?.[Symbol.dispose]()
  }

  #plan(ms: number): void {
    if (!this.#isRunning) return
    this.#timer = this.#parts.clock.after(
      ms,
      () => void this.#step().then((next) => this.#plan(next)),
    )
  }

  /** Resolves to the milliseconds until the next step. */
  async #step(): Promise<number> {
    const { store, clock, prefix, hasRoom, found } = this.#parts
    if (!hasRoom()) return noRoomMs
    const startedAt = clock.monotonic()
    try {
      const now = clock.now()
      const { endpoints, reached } = await store.dueEndpoints({
        prefix,
        after: this.#after,
        now,
        visits,
      })
      const tookMs = clock.monotonic() - startedAt
      this.#tookMs += tookMs
      if (endpoints.length > 0) found(endpoints)
      return reached === null ? this.#over() : this.#goOn(reached, tookMs)
    } catch (error) {
      return this.#failed(error)
    }
  }

  #goOn(reached: string, tookMs: number): number {
    this.#after = reached
    return tookMs * restPerStep
  }

  #over(): number {
    const restMs = Math.min(this.#tookMs * restPerWalk, longestRestMs)
    this.#after = ''
    this.#tookMs = 0
    return Math.max(betweenMs, restMs)
  }

  #failed(error: unknown): number {
    const isAway = error instanceof CarabinerError && error.code === 'STORE_UNAVAILABLE'
    const { log, prefix } = this.#parts
    if (!isAway)
      log.error({ err: error, endpoints: `${prefix}…` }, 'what is due could not be found')
    return betweenMs
  }
}
