import type { Outcome } from '../bus/outcome.ts'
import type { Params } from '../bus/params.ts'
import type { CallbackBook } from '../callbacks/callback-book.ts'
import type { DispatchBook } from './dispatch-book.ts'
import type { DispatchRecord, DispatchState } from './dispatch-record.ts'
import { parkedOutcome } from './dispatch-transitions.ts'

/** A dispatch that was parked, as it is shown. */
export interface ParkedDispatch {
  /** What came of it; until it is done, `parked`, with what it waits for still. */
  readonly outcome: Outcome
  readonly state: DispatchState
  readonly params: Params
  readonly actor: string | undefined
  /** UTC milliseconds. */
  readonly createdAt: number
  /** When it was parked, taken up, or done last, UTC milliseconds. */
  readonly updatedAt: number
}

/** Shows the dispatches of all hosts on the store that were parked. */
export class ParkedDispatches {
  readonly #dispatches: DispatchBook
  readonly #callbacks: CallbackBook

  constructor(dispatches: DispatchBook, callbacks: CallbackBook) {
    this.#dispatches = dispatches
    this.#callbacks = callbacks
  }

  /** `undefined` when there is none, or it was never parked. @throws {CarabinerError} STORE_UNAVAILABLE */
  async find(id: string): Promise<ParkedDispatch | undefined> {
    const found = await this.#dispatches.find(id)
    if (found === undefined) return undefined
    const { record } = found
    const { stand, state, createdAt, updatedAt } = record
    const { params, actor } = stand
    const outcome = record.outcome ?? (await this.#stillParked(record))
    return { outcome, state, params, actor, createdAt, updatedAt }
  }

  /** With the deadlines as heartbeats have moved them. */
  async #stillParked({ stand, state }: DispatchRecord): Promise<Outcome> {
    if (state !== 'parked') return parkedOutcome(stand, [])
    const found = await this.#callbacks.find(stand.waits.map(({ callbackId }) => callbackId))
    const waits = stand.waits.map((wait, index) => ({
      ...wait,
      expiresAt: found[index]?.deadline ?? wait.expiresAt,
    }))
    return parkedOutcome(stand, waits)
  }
}
