import type { Cancellation } from './cancellation.ts'
import { type Deadline, toTheMicrosecond } from './deadline.ts'
import type { Dispatch } from './dispatch.ts'
import type { DispatchRequest } from './dispatch-request.ts'
import { failureOf, hostItself } from './failure.ts'
import type { Outcome } from './outcome.ts'

// The fields of the outcomes are written out: spreading a common part would cost a third of a dispatch.

/** What an event comes to that nobody handles. */
export function outcomeOfNothing(request: DispatchRequest<unknown>): Outcome {
  const { dispatchId, traceId, declared, choice, deadline } = request
  deadline.check()
  const outcome: Outcome = {
    dispatchId,
    traceId,
    event: declared.event.name,
    dryRun: choice.dryRun,
    durationMs: durationMs(deadline),
    warnings: [],
    kind: 'completed',
    results: [],
  }
  return choice.dryRun ? { ...outcome, unknown: [] } : outcome
}

/** What the before phase came to. @returns undefined: the event may happen */
export function outcomeOfBefore(dispatch: Dispatch<unknown>): Outcome | undefined {
  const { cancellation, failures, deadline, dryRun } = dispatch
  if (cancellation !== undefined) return cancelled(dispatch, cancellation)
  if (failures.length > 0 || deadline.catchUp()) return failed(dispatch)
  return dryRun ? rehearsed(dispatch) : undefined
}

/** What the event came to, when nothing is left to do. */
export function outcomeOfAll(dispatch: Dispatch<unknown>): Outcome {
  return isGood(dispatch) ? completed(dispatch) : failed(dispatch)
}

/** After the after phase began only a failure counts: the deadline no longer undoes what has happened. */
function isGood({ failures, phase, deadline }: Dispatch<unknown>): boolean {
  return failures.length === 0 && (phase === 'after' || !deadline.isReached)
}

function completed(dispatch: Dispatch<unknown>): Outcome {
  const { dispatchId, traceId } = dispatch.request
  return {
    dispatchId,
    traceId,
    event: dispatch.eventName,
    dryRun: false,
    durationMs: durationMs(dispatch.deadline),
    warnings: dispatch.warnings,
    kind: 'completed',
    results: dispatch.results,
  }
}

function rehearsed(dispatch: Dispatch<unknown>): Outcome {
  const { dispatchId, traceId } = dispatch.request
  return {
    dispatchId,
    traceId,
    event: dispatch.eventName,
    dryRun: true,
    durationMs: durationMs(dispatch.deadline),
    warnings: dispatch.warnings,
    kind: 'completed',
    results: dispatch.results,
    unknown: [...dispatch.notAsked],
  }
}

function cancelled(dispatch: Dispatch<unknown>, { by, reason, details }: Cancellation): Outcome {
  const { dispatchId, traceId } = dispatch.request
  return {
    dispatchId,
    traceId,
    event: dispatch.eventName,
    dryRun: dispatch.dryRun,
    durationMs: durationMs(dispatch.deadline),
    warnings: dispatch.warnings,
    kind: 'cancelled',
    by,
    reason,
    ...(details === undefined ? {} : { details }),
    also: [...dispatch.failures],
  }
}

function failed(dispatch: Dispatch<unknown>): Outcome {
  const { phase, deadline } = dispatch
  if (dispatch.failures.length === 0) {
    dispatch.fail(failureOf(deadline.error(), hostItself, phase))
  }
  const { dispatchId, traceId } = dispatch.request
  return {
    dispatchId,
    traceId,
    event: dispatch.eventName,
    dryRun: dispatch.dryRun,
    durationMs: durationMs(dispatch.deadline),
    warnings: dispatch.warnings,
    kind: 'failed',
    phase,
    failures: dispatch.failures,
    results: dispatch.results,
  }
}

function durationMs(deadline: Deadline): number {
  deadline.catchUp()
  return toTheMicrosecond(deadline.workedMs)
}
