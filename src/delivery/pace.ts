import type { Logger } from '../bus/handler.ts'
import type { Clock } from '../clock.ts'
import type { Rate } from '../quantity/rate.ts'
import type { RateStore } from '../store/rate-slots.ts'
import type { RequestPace } from './request-queue.ts'

export interface PaceParts {
  readonly store: RateStore
  readonly clock: Clock
  readonly log: Logger
  readonly endpoint: string
  readonly rate: Rate
  /** Told when the next place is so far away that what waits for it had better wait in the store. */
  readonly far: () => void
}

/** Places for so long are taken at once: a host that dies or stops wastes no more. */
const batchMs = 250
/** What is sent within this time is held for it; what comes later waits in the store. */
const nearMs = 1_000
/** A place that is used so much later than its time, or half an interval later, would crowd those after it. */
const staleMs = 50
/** Milliseconds until a store that is away is asked again. */
const againMs = 500

/** The rate of one endpoint: requests start at places in time which all hosts on the store draw from one row. */
export class Pace implements RequestPace {
  readonly #parts: PaceParts
  readonly #intervalMs: number
  /** Ours, ascending, UTC milliseconds. */
  #places: number[] = []
  #asking = false
  #timer: Disposable | undefined
  #timerAt = Number.POSITIVE_INFINITY

  constructor(parts: PaceParts) {
    this.#parts = parts
    this.#intervalMs = parts.rate.perMs / parts.rate.count
  }

  /** How many requests start while a delivery is held for its place, at least 1. */
  get nearby(): number {
    return Math.max(1, Math.floor(nearMs / this.#intervalMs))
  }

  /** When deliveries may be held again, UTC milliseconds: nothing before that gets a place. */
  get opensAt(): number {
    const [next] = this.#places
    return next === undefined ? Number.NEGATIVE_INFINITY : next - nearMs
  }

  take(wanted: number, ready: () => void): boolean {
    const now = this.#parts.clock.now()
    this.#dropStale(now)
    const [next] = this.#places
    if (next === undefined) {
      this.#ask(wanted, now, ready)
      return false
    }
    if (next > now) {
      this.#wakeAt(next, now, ready)
      return false
    }
    this.#places.shift()
    return true
  }

  /** Calls nobody any more. */
  stop(): void {
    this.#timer?.[Symbol.dispose]()
    this.#asking = true
  }

  #dropStale(now: number): void {
    const tooOld = now - Math.max(staleMs, this.#intervalMs / 2)
    while (this.#places[0] !== undefined && this.#places[0] < tooOld) this.#places.shift()
  }

  #ask(wanted: number, now: number, ready: () => void): void {
    if (this.#asking) return
    this.#asking = true
    const { store, log, endpoint } = this.#parts
    const intervalMs = this.#intervalMs
    const count = Math.max(1, Math.min(wanted, Math.floor(batchMs / intervalMs)))
    store.takeSlots(endpoint, { count, intervalMs, now }).then(
      (first) => {
        this.#asking = false
        this.#places = Array.from({ length: count }, (_, n) => first + n * intervalMs)
        if (this.opensAt > this.#parts.clock.now()) this.#parts.far()
        ready()
      },
      (error: unknown) => {
        log.warn({ err: error, endpoint }, 'no place within the rate: the store was asked in vain')
        this.#asking = false
        this.#wakeAt(now + againMs, now, ready)
      },
    )
  }

  #wakeAt(at: number, now: number, ready: () => void): void {
    if (at >= this.#timerAt) return
    this.#timer?.[Symbol.dispose]()
    this.#timerAt = at
    this.#timer = this.#parts.clock.after(Math.max(1, Math.ceil(at - now)), () => {
      this.#timerAt = Number.POSITIVE_INFINITY
      ready()
    })
  }
}
