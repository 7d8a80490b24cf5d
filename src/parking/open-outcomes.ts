import type { Outcome } from '../bus/outcome.ts'
import { TurnoverMap } from '../turnover.ts'

interface OpenOutcome extends PromiseWithResolvers<Outcome> {
  /** What is told when the host stops before anything else is known. */
  readonly parked: Outcome
}

/** The outcomes that callers in this process wait for. */
export class OpenOutcomes {
  readonly #open = new TurnoverMap<string, OpenOutcome>()
  #isClosed = false

  /** Ids of their dispatches. */
  get ids(): readonly string[] {
    return this.#open.keys()
  }

  /** What comes of the dispatch; `parked` as it is, when the host stops before that. */
  of(parked: Outcome): Promise<Outcome> {
    if (this.#isClosed) return Promise.resolve(parked)
    const known = this.#open.get(parked.dispatchId)
    if (known !== undefined) return known.promise
    const open = { ...Promise.withResolvers<Outcome>(), parked }
    this.#open.set(parked.dispatchId, open)
    return open.promise
  }

  settle(outcome: Outcome): void {
    this.#open.get(outcome.dispatchId)?.resolve(outcome)
    this.#open.delete(outcome.dispatchId)
  }

  /** The host stops: whoever waits is told that the dispatch is parked. */
  close(): void {
    this.#isClosed = true
    for (const { parked, resolve } of this.#open.values()) resolve(parked)
    this.#open.clear()
  }
}
