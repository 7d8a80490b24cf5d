import { runAfter } from './after-phase.ts'
import { runBefore } from './before-phase.ts'
import type { Dispatch } from './dispatch.ts'
import { outcomeOfAll, outcomeOfBefore } from './make-outcome.ts'
import { runOn } from './on-phase.ts'
import type { Outcome } from './outcome.ts'
import { askStore, owedAfter } from './owed.ts'
import type { OweRegistration } from './registration.ts'

type Owing<Owed> = readonly OweRegistration<Owed>[] | undefined

/**
 * One dispatch: before handlers by priority, on handlers by connector, after handlers and what is owed. Does not fail,
 * whatever handlers do.
 *
 * What can be had at once is not awaited: handlers that answer at once cost no promise. Only to be called where the
 * async context is the dispatch's own, because the frames of its handlers are entered there.
 */
export function runDispatch<Owed>(dispatch: Dispatch<Owed>): Outcome | Promise<Outcome> {
  try {
    const outcome = decide(dispatch)
    return outcome instanceof Promise ? endLater(dispatch, outcome) : dispatch.end(outcome)
  } catch (error) {
    dispatch.abandon()
    throw error
  }
}

async function endLater(dispatch: Dispatch<unknown>, coming: Promise<Outcome>): Promise<Outcome> {
  try {
    return dispatch.end(await coming)
  } catch (error) {
    dispatch.abandon()
    throw error
  }
}

function decide<Owed>(dispatch: Dispatch<Owed>): Outcome | Promise<Outcome> {
  const deciding = runBefore(dispatch)
  return deciding === undefined ? obey(dispatch) : deciding.then(() => obey(dispatch))
}

/** Does what was decided. */
function obey<Owed>(dispatch: Dispatch<Owed>): Outcome | Promise<Outcome> {
  const outcome = outcomeOfBefore(dispatch)
  if (outcome !== undefined) return outcome
  const owed = owedAfter(dispatch)
  return owed === undefined
    ? act(dispatch, owed)
    : askStore(dispatch).then(() => act(dispatch, owed))
}

function act<Owed>(dispatch: Dispatch<Owed>, owed: Owing<Owed>): Outcome | Promise<Outcome> {
  const doing = dispatch.failures.length > 0 ? undefined : runOn(dispatch)
  return doing === undefined ? tell(dispatch, owed) : doing.then(() => tell(dispatch, owed))
}

function tell<Owed>(dispatch: Dispatch<Owed>, owed: Owing<Owed>): Outcome | Promise<Outcome> {
  const hasHappened = dispatch.failures.length === 0 && !dispatch.deadline.catchUp()
  const telling = hasHappened ? runAfter(dispatch, owed) : undefined
  return telling === undefined ? outcomeOfAll(dispatch) : telling.then(() => outcomeOfAll(dispatch))
}
