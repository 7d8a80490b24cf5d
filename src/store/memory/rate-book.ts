import type { SlotRequest } from '../rate-slots.ts'

/** The next free place in time of each endpoint. */
export class RateBook {
  readonly #nextAt = new Map<string, number>()

  take(endpoint: string, { count, intervalMs, now }: SlotRequest): number {
    const first = Math.max(this.#nextAt.get(endpoint) ?? now, now)
    this.#nextAt.set(endpoint, first + count * intervalMs)
    return first
  }
}
