/** As many are remembered. */
const most = 10_000

/** Endpoints that were changed not long ago: whoever read them before may not know. */
export class RecentChanges {
  /** When each was changed last, monotonic milliseconds; the oldest first. */
  readonly #changes = new Map<string, number>()

  note(endpoint: string, at: number): void {
    this.#changes.delete(endpoint)
    this.#changes.set(endpoint, at)
    if (this.#changes.size <= most) return
    const [oldest] = this.#changes.keys()
    if (oldest !== undefined) this.#changes.delete(oldest)
  }

  /** Whether it was changed at that time or later. */
  since(endpoint: string, at: number): boolean {
    const changedAt = this.#changes.get(endpoint)
    return changedAt !== undefined && changedAt >= at
  }
}
