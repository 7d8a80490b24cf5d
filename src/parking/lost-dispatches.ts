import type { RecordPlace } from '../store/records.ts'
import type { VersionedDispatch } from './dispatch-record.ts'
import { doneWith, failedOutcome, isBoundToHolder } from './dispatch-transitions.ts'
import type { DispatchesAtHand } from './dispatches-at-hand.ts'
import type { KeeperParts } from './keeper-parts.ts'
import type { OtherHosts } from './other-hosts.ts'
import type { Resumption } from './resumption.ts'

export interface LostDispatchesParts extends KeeperParts {
  readonly others: OtherHosts
  readonly atHand: DispatchesAtHand
  readonly resumption: Resumption
}

const pageSize = 1_000
const lost = {
  code: 'HOST_LOST',
  message: 'the host that worked on it is gone; what it had begun is not done again',
} as const

/** Looks after dispatches whose processes are gone. */
export class LostDispatches {
  readonly #parts: LostDispatchesParts

  constructor(parts: LostDispatchesParts) {
    this.#parts = parts
  }

  /** @throws {CarabinerError} STORE_UNAVAILABLE */
  async sweep(): Promise<void> {
    const { dispatches } = this.#parts
    let place: RecordPlace | undefined
    do {
      const page = await dispatches.tied(place, pageSize)
      await this.#recover(page.dispatches)
      place = page.next
    } while (place !== undefined)
  }

  async #recover(page: readonly VersionedDispatch[]): Promise<void> {
    const { hostId, atHand, others, resumption } = this.#parts
    const strange = page.filter(({ record }) => !atHand.has(record.stand.dispatchId))
    if (strange.length === 0) return
    // After the records: whoever wrote one of them has beaten before.
    const isGone = await others.absence()
    for (const each of strange) {
      const { holder } = each.record
      // One of ours that is not at hand: the store did the write, and its answer was lost.
      const isLost = holder === null || holder === hostId || isGone(holder)
      if (isLost && resumption.hasRoom) await this.#recoverOne(each)
    }
  }

  async #recoverOne(dispatch: VersionedDispatch): Promise<void> {
    const { answered, resumption } = this.#parts
    if (isBoundToHolder(dispatch.record)) return this.#giveUp(dispatch)
    const ids = dispatch.record.stand.waits.map(({ callbackId }) => callbackId)
    const found = (await answered.find(ids)).filter((each) => each !== undefined)
    const known = found.filter(({ callback }) => callback.resolvedAt !== null)
    await resumption.takeUp(dispatch, known)
  }

  /** Ends it: nobody can go on with it. */
  async #giveUp({ record, version }: VersionedDispatch): Promise<void> {
    const { dispatches, callbacks, observe, clock, log } = this.#parts
    const { dispatchId, event, waits } = record.stand
    const outcome = failedOutcome(record.stand, lost)
    const done = doneWith(record, outcome, clock.now())
    if (!(await dispatches.write([dispatches.draft(done, version)]))) return
    log.warn({ dispatchId, event, host: record.holder }, lost.message)
    observe.finished(outcome)
    await Promise.all(waits.map(({ callbackId }) => callbacks.withdraw(callbackId)))
  }
}
