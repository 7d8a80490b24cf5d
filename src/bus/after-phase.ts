import { type CallSink, callHandler } from './calls.ts'
import type { Dispatch } from './dispatch.ts'
import { failureOf } from './failure.ts'
import { commitOwed } from './owed.ts'

/** Calls the after handlers, and stores what is owed meanwhile. @returns undefined: nothing has to be waited for */
export function runAfter<Owed>(dispatch: Dispatch<Owed>): Promise<void> | undefined {
  dispatch.enter('after')
  const { owed, request } = dispatch
  const isOff = request.plan.after.length === 0 || !dispatch.wants('after')
  if (isOff && owed === undefined) return undefined

  const committing = owed === undefined ? undefined : commitOwed(dispatch, owed)
  const settling = isOff ? undefined : startAll(dispatch)
  if (committing === undefined) return settling
  return Promise.all([committing, settling]).then(() => undefined)
}

function startAll(dispatch: Dispatch<unknown>): Promise<void> | undefined {
  for (const each of dispatch.request.plan.after) {
    if (dispatch.applies(each)) callHandler(dispatch, each, afterSink, 0)
  }
  return dispatch.settled()
}

const afterSink: CallSink<Dispatch<unknown>> = {
  /** What an after handler returns is nobody's business. */
  answered() {},

  /** The event has happened: that is a warning. */
  failed(dispatch, { connector, label }, error) {
    const failure = failureOf(error, connector, 'after')
    const { eventName: event, dispatchId, traceId, log, parts } = dispatch
    dispatch.warn(label, failure.message)
    const fields = { event, dispatchId, traceId, handler: label, error }
    log.error(fields, `after handler failed: ${failure.message}`)
    parts.handlerFailed(failure)
  },
}
