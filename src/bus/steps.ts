import type { Dispatch } from './dispatch.ts'
import type { Outcome } from './outcome.ts'

/** What is done next with a dispatch, and all that follows. */
export type Step<Owed> = (dispatch: Dispatch<Owed>) => Outcome | Promise<Outcome>

/** Takes the next step when what has been begun is over; at once when there is nothing to wait for. */
export function goOn<Owed>(
  begun: Promise<void> | undefined,
  next: Step<Owed>,
  dispatch: Dispatch<Owed>,
): Outcome | Promise<Outcome> {
  if (begun === undefined) return next(dispatch)
  return begun.then(
    () => take(next, dispatch),
    (error: unknown) => broken(dispatch, error),
  )
}

export function take<Owed>(step: Step<Owed>, dispatch: Dispatch<Owed>): Outcome | Promise<Outcome> {
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
