import { EventCancelledError } from '../errors.ts'
import { isCancellable } from './built-in-events.ts'
import { type CallSink, callHandler } from './calls.ts'
import type { Dispatch } from './dispatch.ts'
import { failureOf } from './failure.ts'
import type { Registration } from './registration.ts'

/** Calls the before handlers, priority by priority. @returns undefined: nothing has to be waited for */
export function runBefore(dispatch: Dispatch<unknown>): Promise<void> | undefined {
  const isOff = dispatch.request.plan.before.length === 0 || !dispatch.wants('before')
  return isOff ? undefined : runGroups(dispatch, 0)
}

function runGroups(dispatch: Dispatch<unknown>, from: number): Promise<void> | undefined {
  const groups = dispatch.request.plan.before
  for (let at = from; at < groups.length && !dispatch.isAtEnd; at++) {
    startGroup(dispatch, groups[at] ?? [])
    const settling = dispatch.settled()
    if (settling !== undefined) return settling.then(() => runGroups(dispatch, at + 1))
  }
  return undefined
}

function startGroup(dispatch: Dispatch<unknown>, group: readonly Registration[]): void {
  for (const registration of group) {
    if (dispatch.isAtEnd) return
    if (!dispatch.applies(registration)) continue
    if (dispatch.dryRun && registration.sideEffects) dispatch.leaveOut(registration)
    else callHandler(dispatch, registration, beforeSink, 0)
  }
}

const beforeSink: CallSink<Dispatch<unknown>> = {
  /** Who does not cancel allows, whatever it returns. */
  answered() {},

  failed(dispatch, registration, error) {
    const { connector, label } = registration
    if (!(error instanceof EventCancelledError)) {
      dispatch.report(failureOf(error, connector, 'before'))
    } else if (isCancellable(dispatch.request.declared.event)) {
      dispatch.cancel(registration, error.reason, error.details)
    } else {
      dispatch.warn(label, `\`${dispatch.eventName}\` cannot be cancelled: ${error.reason}`)
    }
  },
}
