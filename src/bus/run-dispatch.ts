import { runAfter } from './after-phase.ts'
import { runBefore } from './before-phase.ts'
import type { Dispatch } from './dispatch.ts'
import { outcomeOfAll, outcomeOfBefore } from './make-outcome.ts'
import { runOn } from './on-phase.ts'
import type { Outcome } from './outcome.ts'
import { askStore, owedAfter } from './owed.ts'

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

/** Whether nobody has a say in it: then it is done at once. Most events have on handlers and nothing else. */
function isDecided({ request }: Dispatch<unknown>): boolean {
  const { plan, choice, deadline } = request
  return plan.isOnAlone && !choice.dryRun && !deadline.isReached
}

function decide<Owed>(dispatch: Dispatch<Owed>): Outcome | Promise<Outcome> {
  const deciding = runBefore(dispatch)
  return deciding === undefined ? obey(dispatch) : goOn(deciding, obey, dispatch)
}

/** Does what was decided. */
function obey<Owed>(dispatch: Dispatch<Owed>): Outcome | Promise<Outcome> {
  const outcome = outcomeOfBefore(dispatch)
  if (outcome !== undefined) return dispatch.end(outcome)
  dispatch.owed = owedAfter(dispatch)
  return dispatch.owed === undefined ? act(dispatch) : goOn(askStore(dispatch), act, dispatch)
}

function act<Owed>(dispatch: Dispatch<Owed>): Outcome | Promise<Outcome> {
  const doing = dispatch.failures.length > 0 ? undefined : runOn(dispatch)
  return doing === undefined ? tell(dispatch) : goOn(doing, tell, dispatch)
}

function tell<Owed>(dispatch: Dispatch<Owed>): Outcome | Promise<Outcome> {
  dispatch.gatherResults()
  const hasHappened = dispatch.failures.length === 0 && !dispatch.deadline.catchUp()
  const telling = hasHappened ? runAfter(dispatch) : undefined
  return telling === undefined ? conclude(dispatch) : goOn(telling, conclude, dispatch)
}

function conclude<Owed>(dispatch: Dispatch<Owed>): Outcome {
  return dispatch.end(outcomeOfAll(dispatch))
}

type Step<Owed> = (dispatch: Dispatch<Owed>) => Outcome | Promise<Outcome>

/** Takes the next step when what has been begun is over. */
function goOn<Owed>(
  begun: Promise<void>,
  next: Step<Owed>,
  dispatch: Dispatch<Owed>,
): Promise<Outcome> {
  return begun.then(
    () => take(next, dispatch),
    (error: unknown) => broken(dispatch, error),
  )
}

function take<Owed>(step: Step<Owed>, dispatch: Dispatch<Owed>): Outcome | Promise<Outcome> {
  try {
    return step(dispatch)
  } catch (error) {
    return broken(dispatch, error)
  }
}

/** What failed is no handler but the bus itself. */
function broken(dispatch: Dispatch<unknown>, error: unknown): never {
  dispatch.abandon()
  throw error
}
