import type { Clock } from '../clock.ts'
import { Deadline } from './deadline.ts'
import type { DispatchRequest } from './dispatch-request.ts'
import type { DispatchStand } from './parking.ts'
import { type Plan, placesOf } from './plan.ts'
import { goneRegistration, type Registration } from './registration.ts'
import type { Registry } from './registry.ts'

/**
 * What was asked for, of a dispatch that was parked: with the handlers that are there now, and with all of its time.
 *
 * Connectors that are not there any more take part in nothing, and are no error.
 *
 * @throws {CarabinerError} EVENT_UNKNOWN
 * @throws {EventParamsError} EVENT_PARAMS_INVALID
 */
export function makeResumedRequest<Owed>(
  stand: DispatchStand,
  { clock, registry }: { readonly clock: Clock; readonly registry: Registry<Owed> },
): DispatchRequest<Owed> {
  const { dispatchId, traceId, depth, actor, source } = stand
  const { include, exclude, phases, first, onError, timeoutMs } = stand.choice
  const { declared, plan } = registry.entry(stand.event)
  const deadline = new Deadline(clock, timeoutMs, undefined, clock.monotonic())
  deadline.addWorked(stand.workedMs)
  return {
    ...{ declared, dispatchId, traceId, depth, deadline, cause: undefined },
    plan: stand.phase === 'on' ? planOfStand(plan, stand) : plan,
    params: declared.readParams(stand.params),
    choice: {
      ...{ actor, source, dryRun: false, first, onError, phases, include, exclude },
      takesPart: (id) => include?.includes(id) !== false && exclude?.includes(id) !== true,
      ...{ park: 'return', signal: undefined },
    },
  }
}

/** The plan of now, with a place for everybody who has answered or waits, there or not. Who is gone comes last. */
function planOfStand<Owed>(plan: Plan<Owed>, { waits, results }: DispatchStand): Plan<Owed> {
  const lengths = new Map<string, number>()
  const note = (connector: string, place: number): void => {
    lengths.set(connector, Math.max(lengths.get(connector) ?? 0, place + 1))
  }
  for (const { connector, place } of waits) note(connector, place)
  for (const { result, place } of results) note(result.connector, place)

  const present = plan.on.map((lane) => [...lane])
  const connectorOf = (lane: readonly Registration[]): string | undefined => lane[0]?.connector
  const there = new Set(present.map(connectorOf))
  const gone = [...lengths.keys()].filter((connector) => !there.has(connector))
  const lanes = [
    ...present.map((lane) => lengthened(lane, connectorOf(lane) ?? '', lengths)),
    ...gone.map((connector) => lengthened([], connector, lengths)),
  ]
  return { ...plan, on: lanes, places: placesOf(lanes) }
}

function lengthened(
  lane: readonly Registration[],
  connector: string,
  lengths: ReadonlyMap<string, number>,
): readonly Registration[] {
  const missing = Math.max(0, (lengths.get(connector) ?? 0) - lane.length)
  const gone = Array.from({ length: missing }, () => goneRegistration(connector, 'on'))
  return [...lane, ...gone]
}
