import { CarabinerError, EventCancelledError, EventParamsError, messageOf } from '../errors.ts'
import type { EventResult, Failure } from './outcome.ts'
import type { Phase } from './phase.ts'

/** Stands in a failure's `connector` for what no connector did: the deadline, the store. No connector can be called so. */
export const hostItself = 'host'

/** What an outcome tells about something thrown in a handler. */
export function failureOf(error: unknown, connector: string, phase: Phase): Failure {
  return {
    connector,
    phase,
    code: codeOf(error),
    message: messageOf(misplacedCancel(error, phase)),
  }
}

/** Like `failureOf`, for a handler that may have found the params of its own event wrong. Those of another one are its own mistake. */
export function failureOfHandler(
  error: unknown,
  { connector, phase, event }: Pick<Failure, 'connector' | 'phase'> & { readonly event: string },
): Failure {
  const failure = failureOf(error, connector, phase)
  const isAboutParams = error instanceof EventParamsError && error.event === event
  return isAboutParams ? { ...failure, errors: error.errors } : failure
}

/**
 * What an outcome tells about a dispatch whose stand could not be stored. Once on handlers have run that is no reason to try it again, which
 * `STORE_UNAVAILABLE` would be.
 */
export function notKept(error: unknown, phase: Phase): Failure {
  const failure = failureOf(error, hostItself, phase)
  const hasHappened = phase !== 'before' && failure.code === 'STORE_UNAVAILABLE'
  return hasHappened ? { ...failure, code: 'DELIVERY_NOT_STORED' } : failure
}

/** How a failure stands among the results under `onError: 'continue'`. */
export function failedResult(error: unknown, connector: string): EventResult {
  const said = misplacedCancel(error, 'on')
  const name = said instanceof Error ? said.name : 'Error'
  return { connector, error: { code: codeOf(error), name, message: messageOf(said) } }
}

/** What `cancel` throws in the phases where nothing can be stopped any more. */
export function cancelRefusal(phase: Phase): CarabinerError {
  return new CarabinerError(
    'CANCEL_OUTSIDE_BEFORE',
    `cannot cancel an event from an ${phase} handler`,
  )
}

function codeOf(error: unknown): string {
  if (error instanceof EventCancelledError) return 'CANCEL_OUTSIDE_BEFORE'
  return error instanceof CarabinerError ? error.code : 'HANDLER_FAILED'
}

/** An EventCancelledError thrown by hand after the before phase says what `cancel` would have said. */
function misplacedCancel(error: unknown, phase: Phase): unknown {
  return error instanceof EventCancelledError ? cancelRefusal(phase) : error
}
