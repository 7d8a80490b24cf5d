import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
import type { CallContext } from './call-context.ts'
import { notKept } from './failure.ts'
import type { Logger } from './handler.ts'
import type { Failure } from './outcome.ts'
import type { DispatchStand, Wait } from './parking.ts'
import type { Phase } from './phase.ts'
import type { Callee } from './registration.ts'
import { returnedWaits, type StandingDispatch, standOf } from './stand.ts'
import type { Holding, Waits } from './waits.ts'

/** A dispatch whose handlers may await answers, as far as holding it has to know it. */
interface HoldableDispatch extends StandingDispatch {
  readonly phase: Phase
  readonly isOver: boolean
  readonly isAtEnd: boolean
  readonly clock: Pick<Clock, 'now'>
  readonly log: Logger
  readonly parts: {
    rests(): void
    goesOn(): void
  }
  openCalls(): {
    readonly hasOpen: boolean
    readonly allAwait: boolean
    readonly awaiting: readonly AwaitingCall[]
    pause(context: CallContext): void
    unpause(context: CallContext): void
  }
  fail(failure: Failure): void
  stop(reason: unknown): void
}

interface AwaitingCall {
  readonly registration: Callee
  readonly slot: number
  readonly context: CallContext
}

/**
 * Handlers of an on phase that await the answers to their callbacks.
 *
 * When every open call does, the dispatch is held: its deadline is suspended, and it is stored as parked, though only this process can go on with it.
 * The first answer, or a handler that awaits no longer, ends that.
 */
export class Hold implements Holding {
  readonly #dispatch: HoldableDispatch
  readonly #waits: Waits
  /** Counts the times it was held: what is stored of an earlier time says nothing. */
  #time = 0
  #isOn = false
  /** As it is stored while it is held. */
  #stand: DispatchStand | undefined = undefined
  #isPlanned = false

  constructor(dispatch: HoldableDispatch, waits: Waits) {
    this.#dispatch = dispatch
    this.#waits = waits
  }

  /** Where it stands, while it is held and stored so. */
  get stand(): DispatchStand | undefined {
    return this.#stand
  }

  /** A handler awaits an answer until `settled` settles: its own timeout, too, starts anew then. */
  awaits(context: CallContext, callbackId: string, settled: Promise<unknown>): void {
    const calls = this.#dispatch.openCalls()
    context.beginAwaiting(callbackId)
    calls.pause(context)
    const heard = (): void => {
      context.endAwaiting(callbackId)
      this.#waits.answered(callbackId)
      this.release()
      calls.unpause(context)
    }
    settled.then(heard, heard)
    this.consider()
  }

  /** Looks, as soon as what runs now has run, whether all that is open awaits an answer. */
  consider(): void {
    if (this.#isPlanned) return
    this.#isPlanned = true
    queueMicrotask(() => {
      this.#isPlanned = false
      if (!this.#isOn && this.#canHold()) this.#hold()
    })
  }

  /** Somebody works again. */
  release(): void {
    if (!this.#isOn) return
    this.#isOn = false
    this.#dispatch.deadline.restart()
    if (this.#stand === undefined) return
    this.#stand = undefined
    this.#dispatch.parts.goesOn()
    this.#tellThatItRuns()
  }

  #canHold(): boolean {
    const { isOver, isAtEnd, phase } = this.#dispatch
    return !isOver && !isAtEnd && phase === 'on' && this.#dispatch.openCalls().allAwait
  }

  #hold(): void {
    const { deadline } = this.#dispatch
    this.#isOn = true
    this.#time++
    deadline.suspend()
    const time = this.#time
    const waits = [...this.#awaited(), ...returnedWaits(this.#dispatch)]
    const stand = standOf(this.#dispatch, 'on', waits, true)
    this.#waits.park(stand).then(
      () => this.#stored(time, stand),
      (error: unknown) => this.#refused(time, error),
    )
  }

  #stored(time: number, stand: DispatchStand): void {
    if (time !== this.#time || this.#dispatch.isOver) return
    if (this.#isOn) this.#rest(stand)
    else this.#tellThatItRuns()
  }

  #rest(stand: DispatchStand): void {
    this.#stand = stand
    this.#dispatch.parts.rests()
    this.#dispatch.deadline.wake()
  }

  /** It cannot be kept: then it cannot wait either. */
  #refused(time: number, error: unknown): void {
    if (time !== this.#time || !this.#isOn) return
    this.release()
    this.#dispatch.fail(notKept(error, 'on'))
    this.#dispatch.stop(error)
  }

  /**
   * Whoever looks at it sees that it is not parked, while the phase goes on. Nothing depends on it: what has to be stored next finds out whether the store
   * is there.
   */
  #tellThatItRuns(): void {
    if (!this.#dispatch.openCalls().hasOpen) return
    const { dispatchId, traceId, log, eventName: event } = this.#dispatch
    this.#waits
      .begin(standOf(this.#dispatch, 'on', returnedWaits(this.#dispatch)))
      .catch((error: unknown) => {
        const fields = { event, dispatchId, traceId, error }
        log.warn(fields, `a dispatch goes on and is still stored as parked: ${messageOf(error)}`)
      })
  }

  #awaited(): readonly Wait[] {
    const { places } = this.#dispatch.request.plan
    return this.#dispatch.openCalls().awaiting.flatMap(({ registration, slot, context }) =>
      [...context.awaited].map((callbackId) => ({
        ...{ by: registration.label, connector: registration.connector, callbackId },
        place: places[slot]?.inLane ?? 0,
        expiresAt: this.#waits.expiresAt(callbackId) ?? this.#dispatch.clock.now(),
      })),
    )
  }
}
