import { handlerOf } from './before-phase.ts'
import { Dispatch } from './dispatch.ts'
import type { DispatchParts } from './dispatch-parts.ts'
import type { RequestParts } from './dispatch-request.ts'
import { failureOf, hostItself } from './failure.ts'
import type { Outcome } from './outcome.ts'
import { owedAfter } from './owed.ts'
import type { DispatchStand, Wait } from './parking.ts'
import { makeResumedRequest } from './resumed-request.ts'
import { Waits } from './waits.ts'

/**
 * A parked dispatch as it stood, to go on with on the handlers of now.
 *
 * @throws {CarabinerError} EVENT_UNKNOWN
 * @throws {EventParamsError} EVENT_PARAMS_INVALID
 */
export function rebuild<Owed>(
  stand: DispatchStand,
  requestParts: RequestParts<Owed>,
  parts: DispatchParts<Owed>,
): Dispatch<Owed> {
  const dispatch = new Dispatch(makeResumedRequest(stand, requestParts), parts)
  const waits = new Waits(parts.parking)
  waits.wasKept()
  dispatch.waits = waits
  dispatch.warnings.push(...stand.warnings)
  if (stand.phase === 'on') takeUpOn(dispatch, stand)
  for (const wait of stand.waits) waits.add({ wait, ...whoWaits(dispatch, stand, wait) })
  return dispatch
}

/** What becomes of a dispatch that cannot go on. */
export function outcomeOfStuck(stand: DispatchStand, error: unknown): Outcome {
  const { dispatchId, traceId, event, workedMs, warnings, phase } = stand
  return {
    ...{ dispatchId, traceId, event, dryRun: false, durationMs: workedMs, warnings },
    ...{ kind: 'failed', phase },
    failures: [failureOf(error, hostItself, phase)],
    results: stand.results.map(({ result }) => result),
  }
}

function takeUpOn<Owed>(dispatch: Dispatch<Owed>, { results }: DispatchStand): void {
  dispatch.enter('on')
  dispatch.owed = owedAfter(dispatch)
  for (const { result, place } of results) {
    dispatch.addResult(slotOf(dispatch, result.connector, place), result)
  }
}

function whoWaits(
  dispatch: Dispatch<unknown>,
  { phase }: DispatchStand,
  wait: Wait,
): Pick<Parameters<Waits['add']>[0], 'registration' | 'slot'> {
  const { plan } = dispatch.request
  if (phase === 'before') return { registration: handlerOf(plan, wait), slot: 0 }
  const slot = slotOf(dispatch, wait.connector, wait.place)
  const place = plan.places[slot]
  if (place === undefined) throw new TypeError(`there is no place for \`${wait.by}\` in the plan`)
  return { registration: place.registration, slot }
}

/** The plan was made so that there is one. */
function slotOf({ request }: Dispatch<unknown>, connector: string, inLane: number): number {
  return request.plan.places.findIndex(
    (place) => place.inLane === inLane && place.registration.connector === connector,
  )
}
