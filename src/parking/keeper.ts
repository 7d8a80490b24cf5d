import type { CallbackResolution } from '../bus/callback-resolution.ts'
import type { Outcome } from '../bus/outcome.ts'
import type { DispatchStand, Parking, Wait } from '../bus/parking.ts'
import type { Callback } from '../callbacks/callback.ts'
import { CarabinerError } from '../errors.ts'
import { hostSilenceMs } from '../store/liveness.ts'
import { waitAtMost } from '../wait-at-most.ts'
import { Abandonment } from './abandonment.ts'
import { AnswerRound } from './answer-round.ts'
import { judged } from './desk-verdict.ts'
import { begunAt, doneWith, parkedAt } from './dispatch-transitions.ts'
import { DispatchesAtHand } from './dispatches-at-hand.ts'
import type { AssemblyAtWork, KeeperParts } from './keeper-parts.ts'
import { Lookout } from './lookout.ts'
import { LostDispatches } from './lost-dispatches.ts'
import { OpenOutcomes } from './open-outcomes.ts'
import { OtherHosts } from './other-hosts.ts'
import { Outage } from './outage.ts'
import { Resumption } from './resumption.ts'

const lookMs = 250
const sweepMs = 5_000
/** The other hosts take this one for dead when they have not heard of it for `hostSilenceMs`. */
const beatMs = hostSilenceMs / 4

/**
 * Keeps the dispatches of a host that wait for callbacks, and goes on with them when they are answered: its own, those of hosts that are gone.
 *
 * What is parked stands in the store alone. In memory there is what this process works on, and the promises that somebody here holds open.
 */
export class Keeper implements Parking {
  readonly #parts: KeeperParts
  readonly #atHand: DispatchesAtHand
  readonly #open = new OpenOutcomes()
  readonly #outage: Outage
  readonly #lookout: Lookout
  readonly #round: AnswerRound
  readonly #lost: LostDispatches
  readonly #others: OtherHosts
  readonly #abandonment: Abandonment
  readonly #ending = new AbortController()
  readonly #ends = new Set<Promise<void>>()
  /** Callbacks that nobody waits for, of which the store could not be told yet. */
  readonly #unwanted = new Set<string>()
  #atWork: AssemblyAtWork | undefined
  #isCeasing = false
  #lastBeatAt = Number.NEGATIVE_INFINITY
  #sweepAt = Number.NEGATIVE_INFINITY

  constructor(parts: KeeperParts) {
    const { hostId, clock, log, dispatches } = parts
    this.#parts = parts
    this.#atHand = new DispatchesAtHand({ hostId, clock, book: dispatches })
    this.#outage = new Outage(clock, log)
    this.#others = new OtherHosts(parts)
    this.#abandonment = new Abandonment({ hostId, dispatches, others: this.#others })
    this.#lookout = new Lookout({ clock, everyMs: () => this.#pauseMs, look: () => this.#look() })
    const resumption = new Resumption({
      ...parts,
      atHand: this.#atHand,
      bus: () => (this.#isCeasing ? undefined : this.#atWork?.bus()),
      end: (outcome) => this.end(outcome),
    })
    this.#round = new AnswerRound({ ...parts, others: this.#others, resumption })
    this.#lost = new LostDispatches({
      ...{ ...parts, resumption },
      ...{ atHand: this.#atHand, others: this.#others },
    })
  }

  /** From now on it goes on with what is answered. */
  start(atWork: AssemblyAtWork): void {
    this.#atWork = atWork
    this.#lookout.start()
  }

  /** Whether anybody can go on with an answer to it. @throws {CarabinerError} STORE_UNAVAILABLE */
  async isAwaited(callback: Callback): Promise<boolean> {
    if (!(await this.#abandonment.has(callback))) return true
    await this.withdraw([callback.id])
    return false
  }

  /** How long a dispatch is kept when it is done. */
  get retentionMs(): number {
    if (this.#atWork === undefined) throw notRunning()
    return this.#atWork.retentionMs()
  }

  /** An answer has been stored by this process. */
  wake(): void {
    this.#lookout.wake()
  }

  /** Resolves when what this process works on or holds now is over, or parked, or the host stops. `undefined`: there is nothing. */
  get workedOff(): Promise<void> | undefined {
    return this.#isCeasing ? undefined : this.#atHand.parted
  }

  /** Goes on with nothing more: what is answered from now on is for the next host. */
  async cease(): Promise<void> {
    this.#isCeasing = true
    this.#atHand.abandon()
    await this.#lookout.stop()
  }

  /** Tells whoever waits that it is parked, and gives what has ended the time to be stored. */
  async stop(withinMs: number): Promise<void> {
    await this.cease()
    this.#open.close()
    await waitAtMost(this.#parts.clock, withinMs, Promise.all(this.#ends))
    this.#ending.abort()
    await Promise.all(this.#ends)
  }

  async park(stand: DispatchStand): Promise<readonly CallbackResolution[]> {
    if (this.#atWork === undefined) throw notRunning()
    const { hostId, clock } = this.#parts
    await this.beat()
    // Who awaits in this process hears of an answer through its promise.
    const known = stand.isHeld ? [] : await this.#known(stand.waits)
    if (known.length > 0) return known
    const before = this.#atHand.record(stand.dispatchId)
    const record = parkedAt(stand, hostId, clock.now(), before)
    await (stand.isHeld ? this.#atHand.keep(record) : this.#atHand.part(record))
    return []
  }

  async begin(stand: DispatchStand): Promise<void> {
    await this.beat()
    const { hostId, clock } = this.#parts
    const now = clock.now()
    // One that was answered before it could be parked is not stored yet. One that another host has taken over is, and is found there.
    const record = this.#atHand.record(stand.dispatchId) ?? parkedAt(stand, hostId, now, undefined)
    await this.#atHand.keep(begunAt(record, stand, now))
  }

  async end(outcome: Outcome): Promise<void> {
    const ended = this.#storeEnd(outcome)
    this.#ends.add(ended)
    await ended
    this.#ends.delete(ended)
  }

  async withdraw(callbackIds: readonly string[]): Promise<void> {
    for (const id of callbackIds) {
      this.#parts.answers.forget(id)
      this.#unwanted.add(id)
    }
    await this.#withdrawUnwanted().catch((error: unknown) => this.#outage.begin(error))
  }

  async outcomeOf(parked: Outcome): Promise<Outcome> {
    const outcome = this.#open.of(parked)
    // It may have been over before anybody asked.
    await this.#settleOpen([parked.dispatchId]).catch((error: unknown) => this.#outage.begin(error))
    return outcome
  }

  /** Sees to it that the other hosts take this one for alive. */
  async beat(): Promise<void> {
    const { store, hostId, clock } = this.#parts
    const now = clock.now()
    if (now - this.#lastBeatAt < beatMs) return
    await store.beat(hostId, now)
    this.#lastBeatAt = now
  }

  /** What is known of the callbacks already, each told to the desk and taken. */
  async #known(waits: readonly Wait[]): Promise<readonly CallbackResolution[]> {
    const { answered, dispatches } = this.#parts
    const found = await answered.find(waits.map(({ callbackId }) => callbackId))
    const known = await Promise.all(
      waits.map(async ({ callbackId }, index): Promise<CallbackResolution | undefined> => {
        const callback = found[index]
        if (callback === undefined) return { kind: 'expired', callbackId }
        if (callback.callback.resolvedAt === null) return undefined
        if (callback.callback.takenAt === null) await dispatches.write([answered.taking(callback)])
        return judged(callback.callback, this.#parts)
      }),
    )
    return known.filter((resolution) => resolution !== undefined)
  }

  /** A host where no callback can be opened looks only after what others, or earlier assemblies, have left. */
  get #pauseMs(): number {
    return this.#parts.desks.current === undefined ? sweepMs : lookMs
  }

  async #look(): Promise<void> {
    try {
      await this.#round.walk()
      const now = this.#parts.clock.monotonic()
      if (now >= this.#sweepAt) {
        await this.#sweep()
        this.#sweepAt = now + sweepMs
      }
      this.#outage.end()
    } catch (error) {
      this.#others.storeWasAway()
      this.#outage.begin(error)
    }
  }

  async #sweep(): Promise<void> {
    await this.#lost.sweep()
    await this.#withdrawUnwanted()
    await this.#settleOpen(this.#open.ids)
  }

  async #withdrawUnwanted(): Promise<void> {
    const { callbacks } = this.#parts
    const ids = [...this.#unwanted]
    await Promise.all(
      ids.map(async (id) => {
        if (!(await callbacks.withdraw(id))) await callbacks.take(id)
        this.#unwanted.delete(id)
      }),
    )
  }

  /** Settles those whose dispatches are over, wherever that was. */
  async #settleOpen(ids: readonly string[]): Promise<void> {
    const { dispatches } = this.#parts
    for (let from = 0; from < ids.length; from += mostAtOnce) {
      const found = await dispatches.findAll(ids.slice(from, from + mostAtOnce))
      for (const each of found) {
        if (each !== undefined && each.record.outcome !== null)
          this.#open.settle(each.record.outcome)
      }
    }
  }

  async #storeEnd(outcome: Outcome): Promise<void> {
    const { dispatchId } = outcome
    for (;;) {
      const record = this.#atHand.record(dispatchId)
      if (record === undefined) break
      try {
        await this.#atHand.part(doneWith(record, outcome, this.#parts.clock.now()))
        break
      } catch (error) {
        if (isTakenOver(error)) {
          this.#parts.log.warn({ dispatchId }, error.message)
          this.#atHand.drop(dispatchId)
          break
        }
        this.#outage.begin(error)
        if (!(await this.#pause())) break
      }
    }
    this.#open.settle(outcome)
    this.#lookout.wake()
  }

  /** Resolves to whether there is still time. */
  #pause(): Promise<boolean> {
    const { signal } = this.#ending
    return this.#parts.clock.sleep(lookMs, signal).then(
      () => true,
      () => false, // the rejection is our own abort
    )
  }
}

/** Records that are read at once. */
const mostAtOnce = 1_000

function isTakenOver(error: unknown): error is CarabinerError {
  return error instanceof CarabinerError && error.code === 'HOST_LOST'
}

function notRunning(): CarabinerError {
  const message = 'a dispatch can only wait for callbacks in a host that runs'
  return new CarabinerError('CALLBACKS_OFF', message)
}
