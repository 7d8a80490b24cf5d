import type { Clock } from '../clock.ts'
import { CarabinerError } from '../errors.ts'
import { printDuration } from '../quantity/duration.ts'

/**
 * The one deadline of a dispatch: so many milliseconds, or the caller's signal, whichever comes first.
 *
 * While a dispatch is parked it is suspended; then it starts anew, and the caller's signal has no part in it any more.
 *
 * A timer runs only while something is waited for. Work that blocks the event loop past the deadline is found out by
 * reading the clock, so that it is never mistaken for work done in time.
 */
export class Deadline {
  /** How long it is when it starts. */
  readonly timeoutMs: number
  readonly #clock: Clock
  #caller: AbortSignal | undefined
  /** In the infinite future while it is suspended: then it is never reached. */
  #startedAt: number
  /** Worked before the start, until the last suspension. */
  #workedMs = 0
  #isReached = false
  #seenAt: number
  /** Whether the clock was looked at since the last work began. */
  #isFresh = true
  #alarm: Alarm | undefined
  #wake: (() => void) | undefined

  constructor(clock: Clock, timeoutMs: number, caller: AbortSignal | undefined, startedAt: number) {
    this.timeoutMs = timeoutMs
    this.#clock = clock
    this.#caller = caller
    this.#startedAt = startedAt
    this.#seenAt = startedAt
  }

  /** Whether it has been noticed; does not look at the clock. */
  get isReached(): boolean {
    return this.#isReached || this.#caller?.aborted === true
  }

  /** Milliseconds since it first began, less those it was suspended, as of the last look at the clock. */
  get workedMs(): number {
    return this.#isSuspended ? this.#workedMs : this.#workedMs + this.#seenAt - this.#startedAt
  }

  /** Stops the time: until `restart` it is not reached, and nobody listens to the caller's signal any more. */
  suspend(): void {
    if (this.#isSuspended) return
    this.check()
    this.#workedMs = this.workedMs
    this.#startedAt = Number.POSITIVE_INFINITY
    this.disarm()
    this.#caller = undefined
  }

  /** Starts anew, with all of its time. */
  restart(): void {
    this.#startedAt = this.#clock.monotonic()
    this.#seenAt = this.#startedAt
    this.#isFresh = true
    if (this.#wake !== undefined) this.#arm()
  }

  /** Begins with what was worked before, in another process. */
  addWorked(ms: number): void {
    this.#workedMs += ms
  }

  get #isSuspended(): boolean {
    return this.#startedAt === Number.POSITIVE_INFINITY
  }

  /** Work begins that may take until after the deadline. */
  workBegins(): void {
    this.#isFresh = false
  }

  /** Looks at the clock if work has begun since the last look. @returns whether it is reached */
  catchUp(): boolean {
    return this.#isFresh ? this.isReached : this.check()
  }

  /** Looks at the clock. @returns whether it is reached */
  check(): boolean {
    this.#seenAt = this.#clock.monotonic()
    this.#isFresh = true
    if (this.#seenAt - this.#startedAt >= this.timeoutMs) this.#isReached = true
    return this.isReached
  }

  /** UTC milliseconds at which it will be reached. */
  get at(): number {
    const spentMs = this.#isSuspended ? 0 : this.#clock.monotonic() - this.#startedAt
    return this.#clock.now() + this.timeoutMs - spentMs
  }

  /** UTC milliseconds of the last look at the clock. */
  get seenAt(): number {
    return this.#clock.now() + this.#seenAt - this.#clock.monotonic()
  }

  /** Resolves at the next `wake`, or when the deadline is reached; at once when it has been. */
  wait(): Promise<void> {
    if (this.isReached) return Promise.resolve()
    return new Promise<void>((resolve) => {
      this.#wake = resolve
      this.#arm()
    })
  }

  /** Ends the wait, and looks at the clock: work that is done may be late all the same. */
  wake(): void {
    if (this.#wake === undefined) return
    this.check()
    this.#wake()
    this.#wake = undefined
  }

  /** What a handler that outlived it failed with. */
  error(): CarabinerError {
    const why = this.#caller?.aborted
      ? 'the caller gave up'
      : `the deadline of ${printDuration(this.timeoutMs)} was reached`
    return new CarabinerError('DEADLINE_EXCEEDED', why)
  }

  /** Stops the timer; to be called when the dispatch is over. */
  disarm(): void {
    if (this.#alarm === undefined) return
    forget(this.#alarm)
    this.#alarm.timer?.[Symbol.dispose]()
    this.#caller?.removeEventListener('abort', this.#alarm.ring)
    this.#alarm = undefined
  }

  #arm(): void {
    if (this.#alarm !== undefined || this.#isSuspended) return
    const ring = (): void => {
      this.#isReached = true
      this.wake()
    }
    this.#alarm = { ring, startTimer: () => this.#startTimer(ring), timer: undefined, place: -1 }
    this.#caller?.addEventListener('abort', ring)
    startLater(this.#alarm)
  }

  #startTimer(ring: () => void): Disposable | undefined {
    const leftMs = this.#startedAt + this.timeoutMs - this.#clock.monotonic()
    if (leftMs > 0) return this.#clock.after(leftMs, ring)
    ring()
    return undefined
  }
}

/** Made when something is waited for. */
interface Alarm {
  readonly ring: () => void
  readonly startTimer: () => Disposable | undefined
  timer: Disposable | undefined
  /** Where it stands among those that wait for the end of the turn; -1: it does not. */
  place: number
}

/**
 * Alarms of deadlines that have begun to be waited for in this turn of the event loop.
 *
 * Most waits end within the turn, and a timer costs more than the rest of a dispatch: timers are set for those that are
 * left when the turn ends.
 */
const waiting: Alarm[] = []
let isPlanned = false

function startLater(alarm: Alarm): void {
  alarm.place = waiting.push(alarm) - 1
  if (isPlanned) return
  isPlanned = true
  setImmediate(startTimers)
}

/** The last one takes its place: a list forgets faster than a set. */
function forget(alarm: Alarm): void {
  if (alarm.place === -1) return
  const last = waiting.pop()
  if (last !== undefined && last !== alarm) {
    waiting[alarm.place] = last
    last.place = alarm.place
  }
  alarm.place = -1
}

function startTimers(): void {
  isPlanned = false
  const left = waiting.splice(0)
  for (const alarm of left) alarm.place = -1
  for (const alarm of left) alarm.timer = alarm.startTimer()
}

/** Milliseconds as they are told: a clock's last digits are noise. */
export function toTheMicrosecond(ms: number): number {
  return Math.round(ms * 1_000) / 1_000
}
