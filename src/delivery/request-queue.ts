import { Row, type Waiting } from './row.ts'

/** A request that waits for its turn, and is wanted while it is still to be made. */
export interface QueuedRequest extends Waiting {
  start(): void
}

/** Says when requests may start. */
export interface RequestPace {
  /**
   * Uses up a place in time, if there is one now. Else `ready` is called when there may be one.
   *
   * @param wanted - how many requests could start now
   */
  take(wanted: number, ready: () => void): boolean
}

/**
 * One endpoint's requests: so many at once, at its pace; those that somebody waits for first, the others in the order they came.
 *
 * A request that was started keeps its place until `leave` is called for it.
 */
export class RequestQueue {
  #concurrency: number
  #pace: RequestPace | undefined
  readonly #asked = new Row<QueuedRequest>()
  readonly #waiting = new Row<QueuedRequest>()
  #running = 0
  #starting = false

  constructor(concurrency: number, pace: RequestPace | undefined) {
    this.#concurrency = concurrency
    this.#pace = pace
  }

  /** Holds for what starts from now on; what is under way counts. */
  changeTo(concurrency: number, pace: RequestPace | undefined): this {
    this.#concurrency = concurrency
    this.#pace = pace
    this.#startAll()
    return this
  }

  /** Whether no request runs or waits. */
  get isIdle(): boolean {
    return this.#running + this.#asked.size + this.#waiting.size === 0
  }

  /** Starts a request when its turn has come. */
  enter(request: QueuedRequest): void {
    this.#waiting.push(request)
    this.#startAll()
  }

  /** Waits for a turn, ahead of all that entered. Rejects with the signal's reason when it is aborted first. */
  turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => reject(signal.reason)
      const start = (): void => {
        signal.removeEventListener('abort', giveUp)
        resolve()
      }
      if (signal.aborted) giveUp()
      else {
        signal.addEventListener('abort', giveUp, { once: true })
        this.#asked.push({ isWanted: () => !signal.aborted, start })
        this.#startAll()
      }
    })
  }

  /** A request is over: its place is another's. */
  leave(): void {
    this.#running -= 1
    this.#startAll()
  }

  readonly #startAll = (): void => {
    // What is started may be over at once, and leave.
    if (this.#starting) return
    this.#starting = true
    while (this.#running < this.#concurrency) {
      const row = this.#asked.first() === undefined ? this.#waiting : this.#asked
      const next = row.first()
      if (next === undefined || !this.#mayStart()) break
      row.shift()
      this.#running += 1
      next.start()
    }
    this.#starting = false
  }

  #mayStart(): boolean {
    if (this.#pace === undefined) return true
    const places = this.#concurrency - this.#running
    return this.#pace.take(Math.min(places, this.#asked.size + this.#waiting.size), this.#startAll)
  }
}
