import type { Clock } from '../clock.ts'
import type { Rate } from '../quantity/rate.ts'
import type { PermitStore, Permits } from '../store/permits.ts'

/** Whether one call may go on, and what its caller is told of the limit. */
export interface Allowance {
  readonly isAllowed: boolean
  readonly limit: number
  /** How many more are allowed until `resetsAt`, at most. */
  readonly remaining: number
  /** UTC milliseconds. */
  readonly resetsAt: number
}

/** Windows of more than this many calls are taken from the store a hundredth at a time. */
const largeWindow = 200
const mostWindows = 10_000

/** What is known of the window of one key. */
interface Window {
  readonly key: string
  readonly rate: Rate
  /** Taken from the store, and not handed out. */
  stash: number
  remaining: number
  resetsAt: number
  readonly waiting: PromiseWithResolvers<Allowance>[]
  asking: boolean
}

/**
 * So many calls per interval and key, counted in the store for all hosts.
 *
 * Calls of one moment are asked for together; a key that has used up its window is refused without asking, until the next begins.
 */
export class RateLimiter {
  readonly #store: PermitStore
  readonly #clock: Clock
  readonly #windows = new Map<string, Window>()

  constructor(store: PermitStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** Takes one call of `key`. @throws {CarabinerError} STORE_UNAVAILABLE */
  take(key: string, rate: Rate): Promise<Allowance> {
    const now = this.#clock.now()
    const window = this.#window(key, rate, now)
    if (window.stash > 0 && window.waiting.length === 0) {
      window.stash -= 1
      return Promise.resolve(allowance(window, true))
    }
    if (window.remaining === 0 && !window.asking) return Promise.resolve(allowance(window, false))
    const waiting = Promise.withResolvers<Allowance>()
    window.waiting.push(waiting)
    if (!window.asking) void this.#ask(window)
    return waiting.promise
  }

  #window(key: string, rate: Rate, now: number): Window {
    const known = this.#windows.get(key)
    if (known?.asking === true) return known
    if (known !== undefined && known.resetsAt > now && known.rate.count === rate.count) return known
    if (this.#windows.size >= mostWindows) this.#forgetOld(now)
    const fresh: Window = {
      key,
      rate,
      stash: 0,
      remaining: rate.count,
      resetsAt: Number.POSITIVE_INFINITY,
      waiting: [],
      asking: false,
    }
    this.#windows.set(key, fresh)
    return fresh
  }

  /** What is forgotten is asked for again: nothing is allowed by it. */
  #forgetOld(now: number): void {
    for (const [key, { resetsAt, asking }] of this.#windows) {
      if (!asking && (resetsAt <= now || this.#windows.size >= mostWindows))
        this.#windows.delete(key)
    }
  }

  async #ask(window: Window): Promise<void> {
    window.asking = true
    try {
      while (window.waiting.length > 0) await this.#takeFor(window)
    } catch (error) {
      for (const { reject } of window.waiting.splice(0)) reject(error)
      this.#windows.delete(window.key)
    } finally {
      window.asking = false
    }
  }

  async #takeFor(window: Window): Promise<void> {
    const { key, rate } = window
    const block = rate.count < largeWindow ? 1 : Math.floor(rate.count / 100)
    const wanted = Math.max(window.waiting.length, block)
    const now = this.#clock.now()
    const request = { now, wanted, limit: rate.count, windowMs: rate.perMs }
    this.#handOut(window, await this.#store.takePermits(key, request))
  }

  #handOut(window: Window, { granted, remaining, resetsAt }: Permits): void {
    window.stash = granted
    window.remaining = remaining
    window.resetsAt = resetsAt
    const isUsedUp = remaining === 0
    while (window.waiting.length > 0 && (window.stash > 0 || isUsedUp)) {
      const isAllowed = window.stash > 0
      if (isAllowed) window.stash -= 1
      window.waiting.shift()?.resolve(allowance(window, isAllowed))
    }
  }
}

function allowance({ rate, stash, remaining, resetsAt }: Window, isAllowed: boolean): Allowance {
  return { isAllowed, limit: rate.count, remaining: remaining + stash, resetsAt }
}
