import { type Deadline, toTheMicrosecond } from './deadline.ts'
import type { DispatchChoice } from './dispatch-request.ts'
import type { EventResult, Outcome, Warning } from './outcome.ts'
import type { Params } from './params.ts'
import type { DispatchStand, PlacedResult, Wait } from './parking.ts'
import type { Phase } from './phase.ts'
import type { Plan } from './plan.ts'
import type { Waits } from './waits.ts'

/** A dispatch, as far as storing it has to know it. */
export interface StandingDispatch {
  readonly dispatchId: string
  readonly traceId: string
  readonly eventName: string
  readonly params: Params
  readonly source: string | undefined
  readonly actor: string | undefined
  readonly depth: number
  readonly deadline: Deadline
  readonly warnings: readonly Warning[]
  /** By place in the plan, with holes. */
  readonly results: readonly (EventResult | undefined)[]
  readonly waits: Waits | undefined
  readonly request: {
    readonly choice: DispatchChoice
    readonly plan: Pick<Plan<unknown>, 'places'>
  }
}

/** Where a dispatch stands, to be stored. */
export function standOf(
  dispatch: StandingDispatch,
  phase: Phase,
  waits: readonly Wait[],
  isHeld: boolean = false,
): DispatchStand {
  const { dispatchId, traceId, params, source, actor, depth, deadline } = dispatch
  const { include, exclude, phases, first, onError } = dispatch.request.choice
  return {
    ...{ dispatchId, traceId, event: dispatch.eventName, params, source, actor, depth },
    workedMs: toTheMicrosecond(deadline.workedMs),
    choice: { include, exclude, phases, first, onError, timeoutMs: deadline.timeoutMs },
    phase,
    warnings: [...dispatch.warnings],
    results: placedResults(dispatch),
    waits,
    isHeld,
  }
}

/** The callbacks that handlers have returned, as far as they wait for their answers. */
export function returnedWaits({ waits }: StandingDispatch): readonly Wait[] {
  return (waits?.returned ?? []).map(({ wait }) => wait)
}

/** What a stored dispatch is to its caller. */
export function parkedOutcome(stand: DispatchStand): Outcome {
  const { dispatchId, traceId, event, workedMs, warnings, waits } = stand
  return {
    ...{ dispatchId, traceId, event, dryRun: false },
    ...{ durationMs: workedMs, warnings, kind: 'parked' },
    waitingFor: waits.map(({ by, callbackId, expiresAt }) => ({
      by,
      callbackId,
      expiresAt: new Date(expiresAt).toISOString(),
    })),
  }
}

/** Results until now, by connector and place; who has not answered leaves none. */
function placedResults({ results, request }: StandingDispatch): readonly PlacedResult[] {
  return request.plan.places.flatMap(({ inLane }, slot) => {
    const result = results[slot]
    return result === undefined ? [] : [{ place: inLane, result }]
  })
}
