import { Heap } from '../../store/memory/heap.ts'

interface Alarm {
  readonly endpoint: string
  readonly at: number
}

/** When something comes to be due for endpoints, as far as this host knows: at most `most` times are remembered, the store knows the rest. */
export class Alarms {
  readonly #most: number
  /** The last time that was set for each. */
  readonly #last = new Map<string, number>()
  readonly #heap = new Heap<Alarm>(
    (a, b) => a.at < b.at,
    () => true,
  )

  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#heap.size
  }

  /** UTC milliseconds. */
  get nextAt(): number {
    return this.#heap.peek()?.at ?? Number.POSITIVE_INFINITY
  }

  set(endpoint: string, at: number): void {
    if (this.#heap.size === this.#most || this.#last.get(endpoint) === at) return
    this.#last.set(endpoint, at)
    this.#heap.push({ endpoint, at })
  }

  /** Those whose time has come, which are forgotten. */
  *take(now: number): Iterable<string> {
    while (this.nextAt <= now) {
      const alarm = this.#heap.pop()
      if (alarm === undefined) return
      if (this.#last.get(alarm.endpoint) === alarm.at) this.#last.delete(alarm.endpoint)
      yield alarm.endpoint
    }
  }
}
