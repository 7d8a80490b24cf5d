import type { DeliveryId } from '../ids.ts'
import type { Store } from '../store/store.ts'

const looksAtOnce = 100

/** What this process has accepted and not settled: a command that waits for its own deliveries counts by it. */
export class OwnDeliveries {
  readonly #unsettled = new Set<DeliveryId>()
  #waiting: (() => void)[] = []

  get size(): number {
    return this.#unsettled.size
  }

  has(id: DeliveryId): boolean {
    return this.#unsettled.has(id)
  }

  add(id: DeliveryId): void {
    this.#unsettled.add(id)
  }

  settled(id: DeliveryId): void {
    this.#unsettled.delete(id)
    if (this.#unsettled.size === 0) for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** Resolves when all are settled. */
  async allSettled(): Promise<void> {
    if (this.#unsettled.size > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** Forgets what another host has settled meanwhile. */
  async recount(store: Store): Promise<void> {
    const ids = [...this.#unsettled]
    while (ids.length > 0) {
      const found = await Promise.all(ids.splice(0, looksAtOnce).map((id) => store.delivery(id)))
      for (const each of found) {
        if (each !== undefined && each.delivery.settledAt !== null) this.settled(each.delivery.id)
      }
    }
  }
}
