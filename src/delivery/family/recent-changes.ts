/** As many are remembered. */
const most = 10_000

interface Change {
  /** One more with each change. */
  readonly number: number
  /** Monotonic milliseconds. */
  readonly at: number
}

/** Endpoints that were changed not long ago: whoever read them before may not know. */
export class RecentChanges {
  /** The last one of each; the oldest first. */
  readonly #changes = new Map<string, Change>()
  #count = 0

  /** How many there have been. */
  get count(): number {
    return this.#count
  }

  note(endpoint: string, at: number): void {
    this.#count += 1
    this.#changes.delete(endpoint)
    this.#changes.set(endpoint, { number: this.#count, at })
    if (this.#changes.size <= most) return
    const [oldest] = this.#changes.keys()
    if (oldest !== undefined) this.#changes.delete(oldest)
  }

  /** Whether it was changed after the first `count` changes. */
  after(endpoint: string, count: number): boolean {
    const change = this.#changes.get(endpoint)
    return change !== undefined && change.number > count
  }

  /** Whether it was changed at that time or later. */
  since(endpoint: string, at: number): boolean {
    const change = this.#changes.get(endpoint)
    return change !== undefined && change.at >= at
  }
}
