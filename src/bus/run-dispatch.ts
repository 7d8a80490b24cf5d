import { runAfter } from './after-phase.ts'
import { answerBefore, runBefore } from './before-phase.ts'
import type { CallbackResolution } from './callback-resolution.ts'
import type { Dispatch } from './dispatch.ts'
import { outcomeOfAll, outcomeOfBefore } from './make-outcome.ts'
import { answerOn, leaveOn, runOn } from './on-phase.ts'
import type { Outcome } from './outcome.ts'
import { askStore, owedAfter } from './owed.ts'
import { begin, keepHeld, park } from './park-dispatch.ts'
import { goOn, take } from './steps.ts'

/**
 * One dispatch: before handlers by priority, on handlers by connector, after handlers and what is owed. Does not fail,
 * whatever handlers do.
 *
 * What can be had at once is not awaited: handlers that answer at once cost no promise. Only to be called where the
 * async context is the dispatch's own, because the frames of its handlers are entered there.
 */
export function runDispatch<Owed>(dispatch: Dispatch<Owed>): Outcome | Promise<Outcome> {
  return take(isDecided(dispatch) ? act : decide, dispatch)
}

/** Goes on with a dispatch that was parked in the before or in the on phase, with what is known of its callbacks. */
export function resumeDispatch<Owed>(
  dispatch: Dispatch<Owed>,
  resolutions: readonly CallbackResolution[],
): Outcome | Promise<Outcome> {
  const isDone = dispatch.phase === 'on'
  return take(
    isDone
      ? () => goOn(answerOn(dispatch, resolutions), finish, dispatch)
      : () => goOn(answerBefore(dispatch, resolutions), obey, dispatch),
    dispatch,
  )
}

/** Whether nobody has a say in it: then it is done at once. Most events have on handlers and nothing else. */
function isDecided({ request }: Dispatch<unknown>): boolean {
  const { plan, choice, deadline } = request
  return plan.isOnAlone && !choice.dryRun && !deadline.isReached
}

function decide<Owed>(dispatch: Dispatch<Owed>): Outcome | Promise<Outcome> {
  const deciding = runBefore(dispatch)
  return deciding === undefined ? obey(dispatch) : goOn(deciding, obey, dispatch)
}

/** Does what was decided, or waits for those who still have to. */
function obey<Owed>(dispatch: Dispatch<Owed>): Outcome | Promise<Outcome> {
  const outcome = outcomeOfBefore(dispatch)
  if (outcome !== undefined) return dispatch.end(outcome)
  const { waits } = dispatch
  if (waits !== undefined && waits.returned.length > 0) return park(dispatch, answerBefore, obey)
  dispatch.owed = owedAfter(dispatch)
  return dispatch.owed === undefined
    ? commence(dispatch)
    : goOn(askStore(dispatch), commence, dispatch)
}

function commence<Owed>(dispatch: Dispatch<Owed>): Outcome | Promise<Outcome> {
  const { waits } = dispatch
  const isStored = waits?.hasParked === true && dispatch.failures.length === 0
  return isStored ? goOn(begin(dispatch, 'on'), act, dispatch) : act(dispatch)
}

function act<Owed>(dispatch: Dispatch<Owed>): Outcome | Promise<Outcome> {
  const doing = dispatch.failures.length > 0 ? undefined : runOn(dispatch)
  return doing === undefined ? tell(dispatch) : goOn(doing, finish, dispatch)
}

/** Waits on for answers that handlers await; then takes down what was set up around them. */
function finish<Owed>(dispatch: Dispatch<Owed>): Outcome | Promise<Outcome> {
  if (dispatch.isUnsettled) return keepHeld(dispatch, finish)
  const leaving = leaveOn(dispatch)
  return leaving === undefined ? tell(dispatch) : goOn(leaving, tell, dispatch)
}

/** Waits for answers that handlers have left their results to; then the on phase is over. */
function tell<Owed>(dispatch: Dispatch<Owed>): Outcome | Promise<Outcome> {
  const hasHappened = dispatch.failures.length === 0 && !dispatch.deadline.catchUp()
  const { waits } = dispatch
  if (waits === undefined || !hasHappened) return notify(dispatch)
  if (waits.returned.length > 0) return park(dispatch, answerOn, finish)
  return waits.hasParked ? goOn(begin(dispatch, 'after'), notify, dispatch) : notify(dispatch)
}

function notify<Owed>(dispatch: Dispatch<Owed>): Outcome | Promise<Outcome> {
  dispatch.gatherResults()
  const hasHappened = dispatch.failures.length === 0 && !dispatch.deadline.isReached
  const telling = hasHappened ? runAfter(dispatch) : undefined
  return telling === undefined ? conclude(dispatch) : goOn(telling, conclude, dispatch)
}

function conclude<Owed>(dispatch: Dispatch<Owed>): Outcome | Promise<Outcome> {
  return dispatch.end(outcomeOfAll(dispatch))
}
