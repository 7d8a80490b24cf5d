import type { Clock } from 'carabiner'

/** Events of batches under way at once: one batch of 100 is worked on while another waits for its commit. */
const most = 200
/** What is not done by then is not waited for any longer. */
const momentMs = 100

interface Waiting {
  readonly events: number
  readonly begin: () => void
}

/**
 * Lets batches begin a few at a time, in the order they came.
 *
 * The events of a batch are under way side by side. With many batches at once that would be thousands, none of them done before all of
 * them nearly are, and the garbage collector would look after them for a quarter of the time. A batch that takes its time, because a before
 * handler does, holds up nobody: after a moment its places are another's.
 */
export class BatchPlaces {
  readonly #clock: Clock
  readonly #waiting: Waiting[] = []
  #taken = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @param events - how many the batch has, at most 100 */
  async with<T>(events: number, work: () => Promise<T>): Promise<T> {
    using _places = await this.#take(events)
    return await work()
  }

  /** Places, until they are disposed or the moment is over. */
  async #take(events: number): Promise<Disposable> {
    if (this.#waiting.length === 0 && this.#hasRoom(events)) this.#taken += events
    else await new Promise<void>((begin) => this.#waiting.push({ events, begin }))

    let isHeld = true
    const leave = (): void => {
      if (!isHeld) return
      isHeld = false
      this.#taken -= events
      this.#beginWaiting()
    }
    const moment = this.#clock.after(momentMs, leave)
    return {
      [Symbol.dispose]() {
        moment[Symbol.dispose]()
        leave()
      },
    }
  }

  #hasRoom(events: number): boolean {
    return this.#taken + events <= most
  }

  #beginWaiting(): void {
    for (let [next] = this.#waiting; next !== undefined; [next] = this.#waiting) {
      if (!this.#hasRoom(next.events)) return
      this.#waiting.shift()
      this.#taken += next.events
      next.begin()
    }
  }
}
