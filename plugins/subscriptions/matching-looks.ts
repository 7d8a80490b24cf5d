import { SharedLooks } from './shared-looks.ts'
import type { Subscription } from './subscription.ts'

type Found = readonly Subscription[]

interface Kept {
  readonly stamp: string
  readonly found: Found
}

/** Subscriptions and event types that are kept at most, about 1 KB each. */
const mostKept = 20_000

/** Looks for the subscriptions that get an event, and what they found, kept for as long as no subscription is written: by no host. */
export class MatchingLooks {
  readonly #stamp: () => string | undefined
  readonly #looks = new SharedLooks<Found>()
  #kept = new Map<string, Kept>()
  #size = 0

  /** @param stamp - what was found is so for as long as this one stays the same; `undefined` when that cannot be told */
  constructor(stamp: () => string | undefined) {
    this.#stamp = stamp
  }

  async ask(owner: string, eventType: string, look: () => Promise<Found>): Promise<Found> {
    const key = `${owner}\n${eventType}`
    const kept = this.#kept.get(key)
    if (kept !== undefined && kept.stamp === this.#stamp()) return kept.found
    return this.#looks.ask(key, async () => {
      const stamp = this.#stamp()
      const found = await look()
      if (stamp !== undefined) this.#keep(key, { stamp, found })
      return found
    })
  }

  #keep(key: string, kept: Kept): void {
    this.#size += 1 + kept.found.length - this.#sizeOf(key)
    if (this.#size > mostKept) {
      this.#kept = new Map()
      this.#size = 1 + kept.found.length
    }
    this.#kept.set(key, kept)
  }

  #sizeOf(key: string): number {
    const kept = this.#kept.get(key)
    return kept === undefined ? 0 : 1 + kept.found.length
  }
}
