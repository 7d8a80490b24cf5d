import { CarabinerError, type Mismatch } from '../errors.ts'
import { setUp, tearDown } from './around.ts'
import { type CallSink, callHandler } from './calls.ts'
import { enterFrame } from './current-event.ts'
import type { Dispatch } from './dispatch.ts'
import { failedResult, failureOf } from './failure.ts'

/** Calls the on handlers, within the event's `around`. @returns undefined: nothing has to be waited for */
export function runOn(dispatch: Dispatch<unknown>): Promise<void> | undefined {
  dispatch.enter('on')
  const { plan, declared } = dispatch.request
  if (plan.on.length === 0 || !dispatch.wants('on')) return undefined
  if (declared.event.around !== undefined) return runWithinAround(dispatch)
  callFrom(dispatch, 0, plan.places.length)
  return dispatch.settled()
}

async function runWithinAround(dispatch: Dispatch<unknown>): Promise<void> {
  const { request, params, deadline, log } = dispatch
  const { event, declaredBy } = request.declared
  const { places } = request.plan
  if (!places.some(({ registration }) => dispatch.applies(registration))) return
  enterFrame(dispatch)
  try {
    const signal = dispatch.signalOf('on')
    const teardown = await setUp(event, { params, signal }, deadline, log)
    try {
      callFrom(dispatch, 0, places.length)
      await dispatch.settled()
    } finally {
      await tearDown(teardown, deadline)
    }
  } catch (error) {
    dispatch.report(failureOf(error, declaredBy, 'on'))
    dispatch.stop(error)
  }
}

/**
 * Calls the handlers of the places `from` … `until`: those of a connector one after the other, connectors concurrently.
 * When one has not answered yet, the rest of its lane follows when it has.
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
    if (call === undefined) continue
    call.next = () => callFrom(dispatch, slot + 1, laneEnd)
    at = laneEnd
  }
}

const onSink: CallSink<Dispatch<unknown>> = {
  answered(dispatch, registration, value, slot) {
    const result = value === undefined ? null : value
    const mismatches = dispatch.request.declared.checkResult?.(result) ?? none
    if (mismatches.length > 0) this.failed(dispatch, registration, resultInvalid(mismatches), slot)
    else dispatch.addResult(slot, { connector: registration.connector, value: result })
  },

  failed(dispatch, { connector }, error, slot) {
    const { request, deadline, parts } = dispatch
    const failure = failureOf(error, connector, 'on')
    if (request.choice.onError === 'continue' && !deadline.isReached) {
      dispatch.addResult(slot, failedResult(error, connector))
      parts.handlerFailed(failure)
      return
    }
    dispatch.report(failure)
    if (!deadline.isReached) dispatch.stop(error)
  },
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
