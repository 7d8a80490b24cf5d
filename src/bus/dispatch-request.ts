import type { Clock } from '../clock.ts'
import { CarabinerError } from '../errors.ts'
import { parseDuration } from '../quantity/duration.ts'
import { type Cause, currentCause } from './current-event.ts'
import { Deadline } from './deadline.ts'
import { newDispatchId } from './dispatch-id.ts'
import type { DispatchOptions } from './dispatch-options.ts'
import type { AnyEvent } from './event.ts'
import type { Params } from './params.ts'
import { isPhase, type Phase } from './phase.ts'
import type { Plan } from './plan.ts'
import type { DeclaredEvent, Registry } from './registry.ts'

/** Dispatches nested deeper than this are refused. */
const deepestDispatch = 16

/** One event on its way, everything checked. */
export interface DispatchRequest<Owed> {
  readonly declared: DeclaredEvent
  readonly plan: Plan<Owed>
  readonly params: Params
  readonly dispatchId: string
  readonly traceId: string
  readonly depth: number
  /** The dispatch whose handler makes this one. */
  readonly cause: Cause | undefined
  readonly deadline: Deadline
  readonly choice: DispatchChoice
}

/** What the caller chose, or what holds when nothing was chosen. */
export interface DispatchChoice {
  readonly actor: string | undefined
  readonly source: DispatchOptions['source'] | undefined
  readonly dryRun: boolean
  /** Only the first connector that has an on handler answers. */
  readonly first: boolean
  /** What a failing on handler means for the others. */
  readonly onError: 'fail' | 'continue'
  /** Undefined: all of them. */
  readonly phases: readonly Phase[] | undefined
  /** Whether a connector takes part. Undefined: all of them. */
  readonly takesPart: ((connector: string) => boolean) | undefined
  /** What `takesPart` was made of. */
  readonly include: readonly string[] | undefined
  readonly exclude: readonly string[] | undefined
  /** What its caller does while it is parked. */
  readonly park: 'wait' | 'return'
  readonly signal: AbortSignal | undefined
}

export interface RequestParts<Owed> {
  readonly clock: Clock
  readonly registry: Registry<Owed>
  /** Deadline of events that have none of their own, in milliseconds. */
  readonly eventTimeoutMs: number
}

/**
 * Checks what a caller asks for.
 *
 * @throws {CarabinerError} EVENT_UNKNOWN, CONNECTOR_UNKNOWN, EVENT_RECURSION, QUANTITY_INVALID
 * @throws {EventParamsError} EVENT_PARAMS_INVALID
 */
export function makeRequest<Owed>(
  event: AnyEvent | string,
  given: unknown,
  options: DispatchOptions | undefined,
  { clock, registry, eventTimeoutMs }: RequestParts<Owed>,
): DispatchRequest<Owed> {
  const startedAt = clock.monotonic()
  const entry = registry.entry(event)
  const { declared, plan } = entry
  const params = declared.readParams(given)
  const cause = currentCause()
  const depth = depthOf(cause, options)
  if (depth > 0) refuseRecursion(declared.event, cause, depth)
  const dispatchId = newDispatchId(startedAt)
  const timeoutMs = timeoutOf(declared.event, options, eventTimeoutMs)
  return {
    declared,
    plan,
    params,
    dispatchId,
    traceId: options?.traceId ?? dispatchId,
    depth,
    cause,
    deadline: new Deadline(clock, timeoutMs, options?.signal, startedAt),
    choice: options === undefined ? noChoice : choiceOf(options, registry),
  }
}

const noChoice: DispatchChoice = {
  actor: undefined,
  source: undefined,
  dryRun: false,
  first: false,
  onError: 'fail',
  phases: undefined,
  takesPart: undefined,
  include: undefined,
  exclude: undefined,
  park: 'wait',
  signal: undefined,
}

function choiceOf(
  options: DispatchOptions,
  registry: Pick<Registry<unknown>, 'knownConnectors'>,
): DispatchChoice {
  const { actor, source, dryRun = false, first = false, onError = 'fail', phases } = options
  const { include, exclude, park = 'wait', signal } = options
  if (phases !== undefined) checkPhases(phases)
  if (park !== 'wait' && park !== 'return') {
    throw new TypeError(`\`park\` is \`wait\` or \`return\`, got \`${String(park)}\``)
  }
  return {
    actor,
    source,
    dryRun,
    first,
    onError,
    phases,
    takesPart: takesPartOf(options, registry),
    include: include && [...include],
    exclude: exclude && [...exclude],
    park,
    signal,
  }
}

function checkPhases(phases: readonly Phase[]): void {
  for (const phase of phases) {
    if (!isPhase(phase)) throw new TypeError(`there is no phase \`${String(phase)}\``)
  }
}

function takesPartOf(
  { include, exclude }: DispatchOptions,
  registry: Pick<Registry<unknown>, 'knownConnectors'>,
): DispatchChoice['takesPart'] {
  if (include === undefined && exclude === undefined) return undefined
  const included = include && registry.knownConnectors(include)
  const excluded = registry.knownConnectors(exclude ?? [])
  return (id) => (included === undefined || included.has(id)) && !excluded.has(id)
}

function timeoutOf(event: AnyEvent, options: DispatchOptions | undefined, hostMs: number): number {
  const eventMs = event.timeoutMs ?? hostMs
  const asked = options?.timeout
  return asked === undefined ? eventMs : Math.min(eventMs, parseDuration(asked))
}

function depthOf(cause: Cause | undefined, options: DispatchOptions | undefined): number {
  const own = cause === undefined ? 0 : cause.depth + 1
  return Math.max(options?.depth ?? 0, own)
}

function refuseRecursion(event: AnyEvent, cause: Cause | undefined, depth: number): void {
  const chain: string[] = [event.name]
  let isRecursive = false
  for (let each = cause; each !== undefined; each = each.cause) {
    chain.unshift(each.eventName)
    if (each.eventName === event.name) isRecursive = true
  }
  const shown = chain.join(' → ')
  if (isRecursive && !event.reentrant) {
    const message = `\`${event.name}\` is dispatched from its own handlers: ${shown}`
    throw new CarabinerError('EVENT_RECURSION', message)
  }
  if (depth > deepestDispatch) {
    const message = `dispatches are nested deeper than ${deepestDispatch}: ${shown}`
    throw new CarabinerError('EVENT_RECURSION', message)
  }
}
