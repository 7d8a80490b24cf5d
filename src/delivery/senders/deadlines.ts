import type { Clock } from '../../clock.ts'

/** What a deadline ends. */
export interface Bounded {
  expire(): void
  /** Its sender is closed. */
  close(): void
}

/** One deadline, and its neighbours among those of the same length. */
export interface Deadline extends Disposable {
  readonly of: Bounded
}

/**
 * The deadlines of a sender's requests. Those of the same length end in the order in which they began, so one timer is enough
 * for each length: a timer for each request costs more than the rest of what a sender does for it.
 */
export class Deadlines {
  readonly #clock: Clock
  readonly #queues = new Map<number, DeadlineQueue>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @param since - monotonic milliseconds */
  start(of: Bounded, ms: number, since: number): Deadline {
    let queue = this.#queues.get(ms)
    if (queue === undefined) {
      queue = new DeadlineQueue(this.#clock, () => this.#queues.delete(ms))
      this.#queues.set(ms, queue)
    }
    return queue.add(of, since + ms)
  }

  /** What has neither ended nor expired. */
  *all(): Iterable<Bounded> {
    for (const queue of [...this.#queues.values()]) yield* queue.all()
  }
}

class DeadlineQueue {
  readonly #clock: Clock
  readonly #onEmpty: () => void
  #first: Link | undefined
  #last: Link | undefined
  #timer: Disposable | undefined

  constructor(clock: Clock, onEmpty: () => void) {
    this.#clock = clock
    this.#onEmpty = onEmpty
  }

  add(of: Bounded, at: number): Link {
    const link = new Link(this, of, at, this.#last)
    if (this.#last !== undefined) this.#last.next = link
    else {
      this.#first = link
      this.#wait(link)
    }
    this.#last = link
    return link
  }

  remove(link: Link): void {
    const { previous, next } = link
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    // One that is gone and long-lived would keep alive all that came after it, until the next full collection of garbage.
    link.previous = undefined
    link.next = undefined
    if (this.#first !== undefined) return
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
    this.#onEmpty()
  }

  *all(): Iterable<Bounded> {
    for (let link = this.#first; link !== undefined; link = link.next) yield link.of
  }

  #wait(link: Link): void {
    const left = Math.max(0, link.at - this.#clock.monotonic())
    this.#timer = this.#clock.after(left, () => this.#expire())
  }

  #expire(): void {
    this.#timer = undefined
    // A timer may be early by a part of its millisecond.
    const due = this.#clock.monotonic() + 1
    for (let link = this.#first; link !== undefined && link.at < due; link = this.#first) {
      link[Symbol.dispose]()
      link.of.expire()
    }
    if (this.#first !== undefined) this.#wait(this.#first)
  }
}

class Link implements Deadline {
  readonly of: Bounded
  /** Monotonic milliseconds. */
  readonly at: number
  readonly #queue: DeadlineQueue
  previous: Link | undefined
  next: Link | undefined
  #removed = false

  constructor(queue: DeadlineQueue, of: Bounded, at: number, previous: Link | undefined) {
    this.#queue = queue
    this.of = of
    this.at = at
    this.previous = previous
  }

  [Symbol.dispose](): void {
    if (this.#removed) return
    this.#removed = true
    this.#queue.remove(this)
  }
}
