/** A request that waits for its turn. */
export interface QueuedRequest {
  /** Whether it is still to be made. */
  isWanted(): boolean
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
  readonly #concurrency: number
  readonly #pace: RequestPace | undefined
  readonly #asked = new Row()
  readonly #waiting = new Row()
  #running = 0
  #starting = false

  constructor(concurrency: number, pace: RequestPace | undefined) {
    this.#concurrency = concurrency
    this.#pace = pace
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

/** First in, first out. */
class Row {
  #requests: QueuedRequest[] = []
  /** Where the first one stands: the front is cut off only now and then. */
  #at = 0

  get size(): number {
    return this.#requests.length - this.#at
  }

  push(request: QueuedRequest): void {
    this.#requests.push(request)
  }

  /** The first that is still to be made; those before it are gone. */
  first(): QueuedRequest | undefined {
    for (;;) {
      const request = this.#requests[this.#at]
      if (request === undefined || request.isWanted()) return request
      this.shift()
    }
  }

  shift(): void {
    this.#at += 1
    if (this.#at === this.#requests.length) this.#requests.length = 0
    else if (this.#at === cutAt) this.#requests.splice(0, cutAt)
    else return
    this.#at = 0
  }
}

const cutAt = 256
