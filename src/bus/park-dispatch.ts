import { messageOf } from '../errors.ts'
import type { CallbackResolution } from './callback-resolution.ts'
import type { Dispatch } from './dispatch.ts'
import { notKept } from './failure.ts'
import type { Outcome } from './outcome.ts'
import type { DispatchStand } from './parking.ts'
import { parkedOutcome, returnedWaits, standOf } from './stand.ts'
import { goOn, type Step } from './steps.ts'

/** Acts on what is known of the callbacks that are waited for. @returns undefined: nothing has to be waited for */
export type Answer<Owed> = (
  dispatch: Dispatch<Owed>,
  resolutions: readonly CallbackResolution[],
) => Promise<void> | undefined

/**
 * Stores a dispatch that only returned callbacks keep from going on. If some are answered already, it goes on at once, with all of its time.
 *
 * @param next - where it goes on
 */
export async function park<Owed>(
  dispatch: Dispatch<Owed>,
  answer: Answer<Owed>,
  next: Step<Owed>,
): Promise<Outcome> {
  const { waits, deadline, phase } = dispatch
  if (waits === undefined) return next(dispatch)
  deadline.suspend()
  await waits.close()
  const stand = standOf(dispatch, phase, returnedWaits(dispatch))
  let known: readonly CallbackResolution[] = []
  try {
    known = await waits.park(stand)
  } catch (error) {
    dispatch.fail(notKept(error, phase))
    return next(dispatch)
  }
  if (known.length === 0) return leave(dispatch, stand)
  waits.reopen()
  deadline.restart()
  return goOn(answer(dispatch, known), next, dispatch)
}

/** Waits on for handlers that await answers, when they are all that is open: meanwhile whoever waits for the outcome is told where it stands. */
export function keepHeld<Owed>(
  dispatch: Dispatch<Owed>,
  next: Step<Owed>,
): Outcome | Promise<Outcome> {
  const { hold, waits } = dispatch
  const going = goOn(dispatch.settled(), next, dispatch)
  if (hold?.stand === undefined || waits === undefined || waits.isCallerTold) return going

  Promise.resolve(going).catch((error: unknown) => {
    const { dispatchId, traceId, log, eventName: event } = dispatch
    const fields = { event, dispatchId, traceId, error }
    log.error(fields, `a dispatch that was held broke: ${messageOf(error)}`)
  })
  return tellCaller(dispatch, hold.stand)
}

/** Makes durable that a phase begins, if the dispatch is stored. If that cannot be, it does not begin. */
export async function begin(dispatch: Dispatch<unknown>, phase: 'on' | 'after'): Promise<void> {
  try {
    await dispatch.waits?.begin(standOf(dispatch, phase, []))
  } catch (error) {
    if (phase === 'after') dispatch.enter('after')
    dispatch.fail(notKept(error, dispatch.phase))
  }
  dispatch.frame = undefined
}

function leave(dispatch: Dispatch<unknown>, stand: DispatchStand): Outcome | Promise<Outcome> {
  dispatch.leave()
  return dispatch.waits?.isCallerTold === true ? parkedOutcome(stand) : tellCaller(dispatch, stand)
}

function tellCaller(dispatch: Dispatch<unknown>, stand: DispatchStand): Outcome | Promise<Outcome> {
  const { park: choice, signal } = dispatch.request.choice
  const { parking } = dispatch.parts
  const parked = parkedOutcome(stand)
  dispatch.waits?.callerIsTold()
  if (choice === 'return' || parking === undefined) return parked
  return unlessGivenUp(parking.outcomeOf(parked), parked, signal)
}

/** A caller whose signal is aborted waits no longer. The dispatch stays parked. */
async function unlessGivenUp(
  outcome: Promise<Outcome>,
  parked: Outcome,
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  if (signal === undefined) return outcome
  const { promise: givenUp, resolve } = Promise.withResolvers<Outcome>()
  const giveUp = (): void => resolve(parked)
  signal.addEventListener('abort', giveUp)
  if (signal.aborted) giveUp()
  try {
    return await Promise.race([outcome, givenUp])
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}
