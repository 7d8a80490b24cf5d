import type { CallbackResolution } from '../bus/callback-resolution.ts'
import type { Outcome } from '../bus/outcome.ts'
import { CarabinerError, messageOf } from '../errors.ts'
import type { AnsweredCallback } from './answered-callbacks.ts'
import { judged } from './desk-verdict.ts'
import type { DispatchRecord, VersionedDispatch } from './dispatch-record.ts'
import { failedOutcome, takenUp } from './dispatch-transitions.ts'
import type { DispatchesAtHand } from './dispatches-at-hand.ts'
import type { KeeperParts, ResumingBus } from './keeper-parts.ts'

export interface ResumptionParts extends KeeperParts {
  readonly atHand: DispatchesAtHand
  /** `undefined`: the host stops. */
  bus(): ResumingBus | undefined
  /** Stores what came of it. Never rejects. */
  end(outcome: Outcome): Promise<void>
}

/** Dispatches that are worked on at once; those that are held wait, and do not count. */
const mostRunning = 1_000

/** Goes on with dispatches: each transition is one write that names what it replaces, so that of several hosts one goes on. */
export class Resumption {
  readonly #parts: ResumptionParts

  constructor(parts: ResumptionParts) {
    this.#parts = parts
  }

  /** Whether there is room for another. */
  get hasRoom(): boolean {
    return this.#parts.atHand.running < mostRunning
  }

  /** Takes answers together with their dispatch, and goes on with it. Resolves when that is stored; the rest follows by itself. */
  async takeUp(
    { record, version }: VersionedDispatch,
    answers: readonly AnsweredCallback[],
  ): Promise<void> {
    const { hostId, clock, dispatches, answered, atHand } = this.#parts
    const next = takenUp(record, hostId, clock.now())
    const untaken = answers.filter(({ callback }) => callback.takenAt === null)
    const writes = [
      ...untaken.map((each) => answered.taking(each)),
      dispatches.draft(next, version),
    ]
    if (!(await dispatches.write(writes))) return
    atHand.add({ record: next, version: version + 1 })
    void this.#goOn(next, answers)
  }

  /** Takes an answer that code of this process awaits, and gives it to it. */
  async give(answer: AnsweredCallback): Promise<void> {
    const { answered, dispatches } = this.#parts
    if (await dispatches.write([answered.taking(answer)])) void this.#tell(answer)
  }

  /** Takes an answer that nobody waits for. */
  async discard(answer: AnsweredCallback): Promise<void> {
    const { answered, dispatches } = this.#parts
    await dispatches.write([answered.taking(answer)])
  }

  /** Ends a dispatch that nobody can go on with. */
  async fail(
    record: DispatchRecord,
    why: { readonly code: string; readonly message: string },
  ): Promise<void> {
    const outcome = failedOutcome(record.stand, why)
    this.#parts.observe.finished(outcome)
    await this.#parts.end(outcome)
  }

  async #tell({ callback }: AnsweredCallback): Promise<void> {
    this.#parts.answers.settle(await judged(callback, this.#parts))
  }

  /** Never rejects. */
  async #goOn(record: DispatchRecord, answers: readonly AnsweredCallback[]): Promise<void> {
    const { atHand, bus } = this.#parts
    const { stand } = record
    const resolutions = await Promise.all(
      answers.map(({ callback }) => judged(callback, this.#parts)),
    )
    const resuming = bus()
    // Nothing has been done since it was parked: another host finds it, once this one is gone.
    if (resuming === undefined) atHand.drop(stand.dispatchId)
    else await this.#resume(resuming, record, resolutions)
  }

  async #resume(
    bus: ResumingBus,
    record: DispatchRecord,
    resolutions: readonly CallbackResolution[],
  ): Promise<void> {
    try {
      await bus.resume(record.stand, resolutions)
    } catch (error) {
      const { dispatchId, event } = record.stand
      const message = messageOf(error)
      this.#parts.log.error({ dispatchId, event, error: message }, 'a dispatch cannot go on')
      await this.fail(record, { code: codeOf(error), message })
    }
  }
}

function codeOf(error: unknown): string {
  return error instanceof CarabinerError ? error.code : 'HANDLER_FAILED'
}
