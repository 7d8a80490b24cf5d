import type { DeliveryId } from '../../ids.ts'
import { TurnoverMap } from '../../turnover.ts'

/** Where a delivery's row is, and whether the next of an order key waits for it. */
export interface RowHint {
  readonly seq: number
  readonly endpoint: string
  readonly orderKey: string | null
}

/** Hints that are kept at most: more than a host has in its hands. */
const capacity = 100_000

/**
 * Remembers the rows of what this process has claimed, so that settling needs no search for them.
 *
 * A hint may be wrong (its transaction was undone, its row removed): whoever uses one names the id as well.
 */
export class RowHints {
  readonly #rows = new TurnoverMap<DeliveryId, RowHint>()

  remember(id: DeliveryId, hint: RowHint): void {
    if (this.#rows.size >= capacity) this.#rows.clear()
    this.#rows.set(id, hint)
  }

  /** Tells what is known, and forgets it. */
  take(id: DeliveryId): RowHint | undefined {
    const hint = this.#rows.get(id)
    if (hint !== undefined) this.#rows.delete(id)
    return hint
  }
}
