import { CarabinerError, EventCancelledError } from '../errors.ts'
import { isCancellable } from './built-in-events.ts'
import { callbackError } from './callback-error.ts'
import type { CallbackResolution } from './callback-resolution.ts'
import { type CallSink, callHandler } from './calls.ts'
import type { Dispatch } from './dispatch.ts'
import { failureOfHandler } from './failure.ts'
import type { HandlerContext } from './handler.ts'
import { OpenCallback } from './open-callback.ts'
import type { Plan } from './plan.ts'
import { goneRegistration, type Registration } from './registration.ts'
import { cannotBeReturned, returnedBy } from './returned-callback.ts'

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

/**
 * Tells those who have returned callbacks what came of them; who is not there any more, or does not care, decides by the answer itself.
 *
 * @returns undefined: nothing has to be waited for
 */
export function answerBefore(
  dispatch: Dispatch<unknown>,
  resolutions: readonly CallbackResolution[],
): Promise<void> | undefined {
  dispatch.frame = undefined
  for (const resolution of resolutions) {
    if (dispatch.isAtEnd) break
    const returned = dispatch.waits?.take(resolution.callbackId)
    if (returned === undefined) continue
    const { registration, wait } = returned
    const decide = registration.isGone ? undefined : registration.resolved
    const handler = (context: HandlerContext): unknown =>
      (decide ?? decideByAnswer)(context, resolution)
    callHandler(dispatch, { ...registration, handler }, answerSink, wait.place)
  }
  return dispatch.settled()
}

/** What the answer itself says, if nobody reads it otherwise. */
function decideByAnswer({ cancel }: HandlerContext, resolution: CallbackResolution): void {
  switch (resolution.kind) {
    case 'failed':
      cancel(resolution.error)
      break
    case 'expired':
      throw callbackError(resolution)
    case 'completed':
      decideByPayload(cancel, resolution.payload)
  }
}

/** What is said unclearly does not allow. */
function decideByPayload(cancel: HandlerContext['cancel'], payload: unknown): void {
  const isObject = typeof payload === 'object' && payload !== null
  if (!isObject || !('cancel' in payload) || !Object.hasOwn(payload, 'cancel')) return
  const reason = payload.cancel
  if (typeof reason === 'string') cancel(reason)
  if (reason === false || reason === null) return
  throw new CarabinerError('CALLBACK_FAILED', 'the `cancel` of its payload is no text')
}

/** Who of the plan has returned a callback, perhaps in another process: the how manieth of those with its label. */
export function handlerOf(
  plan: Plan<unknown>,
  {
    by,
    connector,
    place,
  }: { readonly by: string; readonly connector: string; readonly place: number },
): Registration {
  return handlersOf(plan, by)[place] ?? goneRegistration(connector, 'before', by)
}

function handlersOf(plan: Plan<unknown>, label: string): readonly Registration[] {
  return plan.before.flat().filter((each) => each.label === label)
}

function placeOf(plan: Plan<unknown>, registration: Registration): number {
  return handlersOf(plan, registration.label).indexOf(registration)
}

function leaveTo(
  dispatch: Dispatch<unknown>,
  callback: OpenCallback,
  registration: Registration,
  place: number,
): void {
  const { waits } = dispatch
  if (!dispatch.canPark || waits?.canBeReturned(callback.id) !== true) {
    beforeSink.failed(dispatch, registration, cannotBeReturned(callback), 0)
  } else {
    waits.add(returnedBy(registration, callback, { slot: 0, place }))
  }
}

const beforeSink: CallSink<Dispatch<unknown>> = {
  /** Who does not cancel allows, whatever it returns; but a callback: then that decides. */
  answered(dispatch, registration, value) {
    if (!(value instanceof OpenCallback)) return
    leaveTo(dispatch, value, registration, placeOf(dispatch.request.plan, registration))
  },

  failed(dispatch, registration, error) {
    const { connector, label } = registration
    if (!(error instanceof EventCancelledError)) {
      const { eventName: event } = dispatch
      dispatch.report(failureOfHandler(error, { connector, phase: 'before', event }))
    } else if (isCancellable(dispatch.request.declared.event)) {
      dispatch.cancel(registration, error.reason, error.details)
    } else {
      dispatch.warn(label, `\`${dispatch.eventName}\` cannot be cancelled: ${error.reason}`)
    }
  },
}

/** Of those who are told of an answer: the slot is the place at which they are found again. */
const answerSink: CallSink<Dispatch<unknown>> = {
  answered(dispatch, registration, value, place) {
    if (value instanceof OpenCallback) leaveTo(dispatch, value, registration, place)
  },
  failed: beforeSink.failed,
}
