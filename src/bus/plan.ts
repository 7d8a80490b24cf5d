import type { HandlerDescription } from './handler.ts'
import type { OweRegistration, Registration } from './registration.ts'

/** What runs for an event, in order. Made when a handler comes or goes, so that a dispatch only walks it. */
export interface Plan<Owed> {
  /** Groups of one priority, highest first. */
  readonly before: readonly (readonly Registration[])[]
  /** One lane for each connector, in assembly order; handlers of a lane run one after the other. */
  readonly on: readonly (readonly Registration[])[]
  /** The handlers of all lanes, one lane after the other: their places are those of their results. */
  readonly places: readonly Place[]
  readonly after: readonly Registration[]
  readonly owed: readonly OweRegistration<Owed>[]
  /** Nobody handles the event in any phase. */
  readonly isEmpty: boolean
  /** There are on handlers and nothing else. */
  readonly isOnAlone: boolean
}

/** An on handler, the how manieth of its lane it is, and where its lane ends. */
interface Place {
  readonly registration: Registration
  readonly inLane: number
  readonly laneEnd: number
}

/** One handler as listings and `explain` show it. */
export interface HandlerListing {
  readonly connector: string
  readonly name: string
  readonly kind: HandlerDescription['kind']
  readonly priority: number
  readonly timeoutMs: number | null
  readonly onFailure: NonNullable<HandlerDescription['onFailure']> | null
  readonly mode: NonNullable<HandlerDescription['mode']> | null
  readonly decision: NonNullable<HandlerDescription['decision']> | null
  /** Where it stands in its connector's stanza. */
  readonly path: readonly (string | number)[] | null
}

/** The handlers of an event by phase, in run order. */
export interface HandlerListings {
  readonly before: HandlerListing[]
  readonly on: HandlerListing[]
  /** What is owed through the outbox comes last. */
  readonly after: HandlerListing[]
}

/** Sorts handlers by priority, then by their connectors' places in the assembly, then as they were registered. */
export function makePlan<Owed>(
  registrations: readonly Registration[],
  owed: readonly OweRegistration<Owed>[],
): Plan<Owed> {
  const ofPhase = (phase: Registration['phase']): Registration[] =>
    registrations.filter((each) => each.phase === phase).sort(inRunOrder)
  const byConnector = Map.groupBy(ofPhase('on'), ({ connector }) => connector)
  const on = [...byConnector.values()].sort(
    ([one], [other]) => (one?.rank ?? 0) - (other?.rank ?? 0),
  )
  return {
    before: [...Map.groupBy(ofPhase('before'), ({ priority }) => priority).values()],
    on,
    places: placesOf(on),
    after: ofPhase('after'),
    owed: owed.toSorted((one, other) => one.rank - other.rank),
    isEmpty: registrations.length === 0 && owed.length === 0,
    isOnAlone: owed.length === 0 && registrations.every(({ phase }) => phase === 'on'),
  }
}

/** The handlers of lanes, one lane after the other. */
export function placesOf(lanes: Plan<unknown>['on']): readonly Place[] {
  const places: Place[] = []
  for (const lane of lanes) {
    const laneEnd = places.length + lane.length
    places.push(...lane.map((registration, inLane) => ({ registration, inLane, laneEnd })))
  }
  return places
}

function inRunOrder(one: Registration, other: Registration): number {
  return other.priority - one.priority || one.rank - other.rank
}

export function listPlan(plan: Plan<unknown>): HandlerListings {
  return {
    before: plan.before.flat().map(listHandler),
    on: plan.on.flat().map(listHandler),
    after: [...plan.after.map(listHandler), ...plan.owed.map(listOwed)],
  }
}

function listHandler(registration: Registration): HandlerListing {
  const { connector, name, priority, timeoutMs, describe } = registration
  return {
    connector,
    name,
    kind: describe?.kind ?? 'handler',
    priority,
    timeoutMs: describe?.timeoutMs ?? timeoutMs ?? null,
    onFailure: describe?.onFailure ?? null,
    mode: describe?.mode ?? null,
    decision: describe?.decision ?? null,
    path: describe?.path ?? null,
  }
}

function listOwed(owed: OweRegistration<unknown>): HandlerListing {
  const { connector, name, describe } = owed
  return {
    connector,
    name,
    kind: describe?.kind ?? 'delivery',
    priority: 0,
    timeoutMs: describe?.timeoutMs ?? null,
    onFailure: describe?.onFailure ?? null,
    mode: describe?.mode ?? null,
    decision: describe?.decision ?? null,
    path: describe?.path ?? null,
  }
}
