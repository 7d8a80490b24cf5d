import { CarabinerError, type Mismatch } from '../errors.ts'
import { setUp, tearDown } from './around.ts'
import { callbackError } from './callback-error.ts'
import type { CallbackResolution } from './callback-resolution.ts'
import { awaitInstead, type CallSink, callHandler } from './calls.ts'
import { enterFrame } from './current-event.ts'
import type { Dispatch } from './dispatch.ts'
import { failedResult, failureOf, failureOfHandler } from './failure.ts'
import { OpenCallback } from './open-callback.ts'
import type { Registration } from './registration.ts'
import { cannotBeReturned, returnedBy } from './returned-callback.ts'

/** Calls the on handlers, within the event's `around`. @returns undefined: nothing has to be waited for */
export function runOn(dispatch: Dispatch<unknown>): Promise<void> | undefined {
  dispatch.enter('on')
  const { plan, declared } = dispatch.request
  if (plan.on.length === 0 || !dispatch.wants('on')) return undefined
  if (declared.event.around !== undefined) return runWithinAround(dispatch)
  callFrom(dispatch, 0, plan.places.length)
  return dispatch.settled()
}

/**
 * Goes on where handlers have returned callbacks that are answered now: the answers are their results, and the rest of their lanes follows.
 *
 * @returns undefined: nothing has to be waited for
 */
export function answerOn(
  dispatch: Dispatch<unknown>,
  resolutions: readonly CallbackResolution[],
): Promise<void> | undefined {
  dispatch.frame = undefined
  for (const resolution of resolutions) {
    if (dispatch.isAtEnd) break
    const returned = dispatch.waits?.take(resolution.callbackId)
    if (returned === undefined) continue
    const { registration, slot } = returned
    dispatch.deadline.workBegins()
    if (resolution.kind === 'completed') {
      onSink.answered(dispatch, registration, resolution.payload, slot)
    } else {
      onSink.failed(dispatch, registration, callbackError(resolution), slot)
    }
    callRest(dispatch, slot)
  }
  return dispatch.settled()
}

/** Tears down what the event's `around` has set up. @returns undefined: nothing has to be waited for */
export function leaveOn(dispatch: Dispatch<unknown>): Promise<void> | undefined {
  const { teardown } = dispatch
  if (teardown === undefined) return undefined
  dispatch.teardown = undefined
  return tearDown(teardown, dispatch.deadline).catch((error: unknown) =>
    failAround(dispatch, error),
  )
}

async function runWithinAround(dispatch: Dispatch<unknown>): Promise<void> {
  const { request, params, deadline, log } = dispatch
  const { places } = request.plan
  if (!places.some(({ registration }) => dispatch.applies(registration))) return
  enterFrame(dispatch)
  try {
    const signal = dispatch.signalOf('on')
    const { event } = request.declared
    dispatch.teardown = await setUp(event, { params, signal }, deadline, log)
    callFrom(dispatch, 0, places.length)
    await dispatch.settled()
  } catch (error) {
    failAround(dispatch, error)
  }
}

function failAround(dispatch: Dispatch<unknown>, error: unknown): void {
  dispatch.report(failureOf(error, dispatch.request.declared.declaredBy, 'on'))
  dispatch.stop(error)
}

/**
 * Calls the handlers of the places `from` … `until`: those of a connector one after the other, connectors concurrently.
 * When one has not answered yet, or has left its answer to a callback, the rest of its lane follows when there is one.
 */
function callFrom(dispatch: Dispatch<unknown>, from: number, until: number): void {
  const { plan, choice } = dispatch.request
  let at = from
  let end = until
  while (at < end && !dispatch.isAtEnd) {
    const place = plan.places[at]
    const slot = at++
    if (place === undefined || !dispatch.applies(place.registration)) continue
    const { registration, laneEnd } = place
    if (choice.first) end = laneEnd
    const call = callHandler(dispatch, registration, onSink, slot)
    if (call !== undefined) call.next = () => callRest(dispatch, slot)
    if (call !== undefined || dispatch.waits?.isOpenAt(slot) === true) at = laneEnd
  }
}

/** Calls the handlers that follow in the lane of the one that has answered. */
function callRest(dispatch: Dispatch<unknown>, slot: number): void {
  if (dispatch.waits?.isOpenAt(slot) === true) return
  const laneEnd = dispatch.request.plan.places[slot]?.laneEnd ?? slot
  callFrom(dispatch, slot + 1, laneEnd)
}

const onSink: CallSink<Dispatch<unknown>> = {
  answered(dispatch, registration, value, slot) {
    if (value instanceof OpenCallback) return leaveTo(dispatch, value, registration, slot)
    const result = value === undefined ? null : value
    const mismatches = dispatch.request.declared.checkResult?.(result) ?? none
    if (mismatches.length > 0) this.failed(dispatch, registration, resultInvalid(mismatches), slot)
    else dispatch.addResult(slot, { connector: registration.connector, value: result })
  },

  failed(dispatch, { connector }, error, slot) {
    const { request, deadline, parts, eventName: event } = dispatch
    const failure = failureOfHandler(error, { connector, phase: 'on', event })
    if (request.choice.onError === 'continue' && !deadline.isReached) {
      dispatch.addResult(slot, failedResult(error, connector))
      parts.handlerFailed(failure)
      return
    }
    dispatch.report(failure)
    if (!deadline.isReached) dispatch.stop(error)
  },
}

/** The answer to a callback will be the handler's result: stored while it waits, unless the event is not to be left alone meanwhile. */
function leaveTo(
  dispatch: Dispatch<unknown>,
  callback: OpenCallback,
  registration: Registration,
  slot: number,
): void {
  const { waits, teardown } = dispatch
  if (waits?.canBeReturned(callback.id) !== true) {
    onSink.failed(dispatch, registration, cannotBeReturned(callback), slot)
  } else if (dispatch.canPark && teardown === undefined) {
    const place = dispatch.request.plan.places[slot]?.inLane ?? 0
    waits.add(returnedBy(registration, callback, { slot, place }))
  } else {
    const answer = Promise.resolve(callback.result)
    waits.beginInLine(slot)
    const call = awaitInstead(dispatch, registration, onSink, slot, answer)
    call.next = () => {
      waits.endInLine(slot)
      callRest(dispatch, slot)
    }
    dispatch.holds(call.context, callback.id, answer)
  }
}

const none: readonly Mismatch[] = []

function resultInvalid(mismatches: readonly Mismatch[]): CarabinerError {
  const said = mismatches
    .slice(0, 1)
    .map(({ pointer, message }) =>
      pointer === '' ? `the result ${message}` : `the result's ${pointer} ${message}`,
    )
  return new CarabinerError('RESULT_INVALID', said.join())
}
