import type { Clock } from '../../clock.ts'

export interface ThrottleOptions {
  readonly clock: Clock
  /** Whether it concerns one endpoint alone: then nobody else waits when that one does not move. */
  readonly isOfOneEndpoint: boolean
  /** Deliveries looked at in one step. */
  readonly rows: number
  readonly allowance: number
}

/** Other hosts settle deliveries too, and say nothing: what is full is looked at again after this. */
const fullMs = 250
/** Nothing has moved for so long: an endpoint is down, paused or missing. */
const stalledMs = 5_000

/**
 * How fast one redelivery goes: never more due or under way than is allowed, so that live traffic finds its connections free.
 *
 * What one endpoint does not take must not hold up the others for ever: a redelivery of several endpoints that has not moved for 5 s may
 * make as much again as one step looks at.
 */
export class Throttle {
  readonly #options: ThrottleOptions
  #allowance: number
  /** Allowed beyond that, for what does not move. */
  #extra = 0
  /** Of that, what has not been made use of. */
  #unused = 0
  #movedAt: number
  #freed = 0

  constructor(options: ThrottleOptions) {
    this.#options = options
    this.#allowance = options.allowance
    this.#movedAt = options.clock.monotonic()
  }

  /** The most that may be due or under way after the next step. */
  get outstanding(): number {
    return this.#allowance + this.#extra
  }

  /** From now on so many. */
  allow(allowance: number): void {
    this.#allowance = allowance
  }

  /** One of its deliveries holds nothing up any more. Gives whether the next step is worth its transaction. */
  freed(): boolean {
    this.#freed += 1
    return this.#freed * 2 >= this.#allowance
  }

  /** What a step came to. Gives the milliseconds until the next, unless room comes earlier. */
  after({
    redelivered,
    skipped,
  }: {
    readonly redelivered: number
    readonly skipped: number
  }): number {
    const now = this.#options.clock.monotonic()
    this.#freed = 0
    if (redelivered + skipped > 0) {
      this.#movedAt = now
      this.#use(redelivered)
      // A step that made nothing came to its limit: live traffic gets its turn, then it goes on.
      return redelivered === 0 ? 1 : fullMs
    }
    if (!this.#options.isOfOneEndpoint && now - this.#movedAt >= stalledMs) {
      this.#movedAt = now
      this.#extra += this.#options.rows
      this.#unused = this.#options.rows
      return 1
    }
    return fullMs
  }

  /** What is made beyond what was last allowed shows that something moves again. */
  #use(redelivered: number): void {
    const used = Math.min(this.#unused, redelivered)
    this.#unused -= used
    this.#extra = Math.max(0, this.#extra - (redelivered - used))
  }
}
