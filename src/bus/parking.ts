import type { CallbackResolution } from './callback-resolution.ts'
import type { EventResult, Outcome, Waiting, Warning } from './outcome.ts'
import type { Params } from './params.ts'
import type { Phase } from './phase.ts'

/** Where a dispatch stands: enough to go on with it in another process. All of it is JSON. */
export interface DispatchStand {
  readonly dispatchId: string
  readonly traceId: string
  readonly event: string
  readonly params: Params
  readonly source: string | undefined
  readonly actor: string | undefined
  readonly depth: number
  /** Milliseconds it has worked until now, to the microsecond: the time it was parked does not count. */
  readonly workedMs: number
  /** How it was asked for, as far as it matters from here on. */
  readonly choice: StandingChoice
  /** `before`: nothing has been done yet. `on`, `after`: this phase has begun. */
  readonly phase: Phase
  readonly warnings: readonly Warning[]
  /** What on handlers gave until now, in their order. */
  readonly results: readonly PlacedResult[]
  /** What it waits for. */
  readonly waits: readonly Wait[]
  /** Whether only the process it is in can go on with it: a handler there awaits an answer. */
  readonly isHeld: boolean
}

/** What of a dispatch's options matters after the before phase. */
interface StandingChoice {
  readonly include: readonly string[] | undefined
  readonly exclude: readonly string[] | undefined
  readonly phases: readonly Phase[] | undefined
  readonly first: boolean
  readonly onError: 'fail' | 'continue'
  /** Milliseconds it has again when it goes on. */
  readonly timeoutMs: number
}

/** A callback that keeps it from going on, and whose handler waits for it. */
export interface Wait extends Omit<Waiting, 'expiresAt'> {
  readonly connector: string
  /** The how manieth on handler of its connector it is for this event, from 0; of a before handler, the how manieth of those with its label. */
  readonly place: number
  /** UTC milliseconds. */
  readonly expiresAt: number
}

/** The result of the how manieth on handler of a connector, from 0. */
export interface PlacedResult {
  readonly place: number
  readonly result: EventResult
}

/**
 * Keeps dispatches that wait for callbacks, so that they outlive the process. The bus knows nothing of stores, nor of who answers.
 *
 * Of one dispatch the bus calls `park`, `begin` and `end` one after the other. Every method rejects with STORE_UNAVAILABLE when it cannot be kept.
 */
export interface Parking {
  /**
   * Stores where a dispatch stands that only callbacks keep from going on. One that is parked already (it was held, or waits again) is stored anew.
   *
   * Who awaits a callback of a held one hears of it through `OpenCallback.result` alone: what is returned then does not matter.
   *
   * @returns what is known of these callbacks already: then it goes on with that at once, and is stored, at the latest, when it begins or ends. Empty: it is
   * parked from now on, and whoever hears of an answer goes on with it
   */
  park(stand: DispatchStand): Promise<readonly CallbackResolution[]>
  /**
   * Durable before a phase begins that must not run twice. Only of dispatches that were parked. Also called, with the phase `on` it is in,
   * when one goes on that was held.
   */
  begin(stand: DispatchStand): Promise<void>
  /** Stores what came of a dispatch that was parked. Never rejects: it is tried until it is stored. */
  end(outcome: Outcome): Promise<void>
  /** Nobody waits for these callbacks any more. Never rejects. */
  withdraw(callbackIds: readonly string[]): Promise<void>
  /** What comes of a parked dispatch, or, when the host stops before that, what is known: that it is parked. */
  outcomeOf(parked: Outcome): Promise<Outcome>
}
