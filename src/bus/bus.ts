import type { Clock } from '../clock.ts'
import { CarabinerError, messageOf } from '../errors.ts'
import { parseDuration } from '../quantity/duration.ts'
import type { Check, Validator } from '../schema/validator.ts'
import { builtInEvents } from './built-in-events.ts'
import { type Cause, currentCause } from './current-event.ts'
import { Deadline } from './deadline.ts'
import { Dispatch, type DispatchParts, type DispatchRequest } from './dispatch.ts'
import { newDispatchId } from './dispatch-id.ts'
import type { DispatchOptions } from './dispatch-options.ts'
import { type AnyEvent, checkEventName, type ParamsOf, type ResultOf } from './event.ts'
import type { AfterContext, HandlerOptions, Logger } from './handler.ts'
import type { Outbox } from './outbox.ts'
import type { Failure, Outcome } from './outcome.ts'
import { type ParamsReader, paramsReader } from './params.ts'
import { isPhase, type Phase, printHook } from './phase.ts'
import { type HandlerListings, listPlan, makePlan, type Plan } from './plan.ts'
import {
  checkHandler,
  compileWhen,
  makeRegistration,
  type OweRegistration,
  type Registration,
} from './registration.ts'
import { suggestion } from './suggestion.ts'

export type { HandlerListing, HandlerListings } from './plan.ts'

/** Learns what becomes of dispatches: metrics. What it throws is logged and changes nothing. */
export interface DispatchObserver {
  finished(outcome: Outcome): void
  /** Every failing handler, also those whose failure ends as a warning or among the results. */
  handlerFailed(failure: Failure): void
}

export interface BusOptions<Owed> {
  readonly clock: Clock
  readonly log: Logger
  readonly validator: Validator
  /** Deadline of events that have none of their own, in milliseconds. */
  readonly eventTimeoutMs: number
  readonly outbox?: Outbox<Owed>
  readonly observe?: DispatchObserver
}

export type OweOptions = Pick<HandlerOptions, 'when' | 'name' | 'describe'>

/** Dispatches nested deeper than this are refused. */
export const deepestDispatch = 16

interface Entry<Owed> {
  readonly event: AnyEvent
  readonly declaredBy: string
  readonly readParams: ParamsReader
  readonly checkResult: Check
  registrations: readonly Registration[]
  owed: readonly OweRegistration<Owed>[]
  plan: Plan<Owed>
}

/**
 * Takes events to their handlers.
 *
 * What runs for an event, and in which order, is worked out when a handler comes or goes. A dispatch keeps to the
 * handlers that were there when it began, less those disposed meanwhile.
 */
export class Bus<Owed = never> {
  readonly #clock: Clock
  readonly #log: Logger
  readonly #validator: Validator
  readonly #eventTimeoutMs: number
  readonly #outbox: Outbox<Owed> | undefined
  readonly #observe: DispatchObserver | undefined
  readonly #parts: DispatchParts<Owed>
  readonly #entries = new Map<string, Entry<Owed>>()
  readonly #ranks = new Map<string, number>()
  #inFlight = 0
  #idle: (() => void)[] = []

  constructor(options: BusOptions<Owed>) {
    this.#clock = options.clock
    this.#log = options.log
    this.#validator = options.validator
    this.#eventTimeoutMs = options.eventTimeoutMs
    this.#outbox = options.outbox
    this.#observe = options.observe
    this.#parts = {
      clock: this.#clock,
      log: this.#log,
      outbox: this.#outbox,
      handlerFailed: (failure) => this.#tell((observer) => observer.handlerFailed(failure)),
      over: (outcome) => this.#over(outcome),
    }
    for (const event of builtInEvents()) this.#add(event, 'host')
  }

  /** @throws {CarabinerError} EVENT_DUPLICATE naming both connectors */
  declare(event: AnyEvent, by: string): void {
    checkEventName(event.name)
    const present = this.#entries.get(event.name)
    if (present !== undefined) {
      const owner = present.declaredBy === 'host' ? 'the host' : `\`${present.declaredBy}\``
      const message = `event \`${event.name}\` is declared by ${owner} and by \`${by}\``
      throw new CarabinerError('EVENT_DUPLICATE', message)
    }
    this.#add(event, by)
  }

  /** Every event that can be dispatched, built-in ones first. */
  events(): readonly AnyEvent[] {
    return [...this.#entries.values()].map(({ event }) => event)
  }

  /** @throws {CarabinerError} EVENT_UNKNOWN */
  event(name: string): AnyEvent {
    return this.#entry(name).event
  }

  /** Says which connectors there are, in assembly order: the order of handlers and results. */
  connectors(ids: readonly string[]): void {
    for (const id of ids) this.#rank(id)
  }

  /**
   * Registers a handler of a connector.
   *
   * @returns disposed, the handler is not called any more, not even by dispatches that have begun
   * @throws {CarabinerError} EVENT_UNKNOWN, QUANTITY_INVALID
   * @throws {TypeError} no function, an unknown option, a priority that is no integer, a `when` that is no usable schema
   */
  register<E extends AnyEvent>(
    connector: string,
    phase: Phase,
    event: E | string,
    handler: (context: AfterContext<E>) => unknown,
    options: HandlerOptions = {},
  ): Disposable {
    if (!isPhase(phase)) throw new TypeError(`there is no phase \`${String(phase)}\``)
    const entry = this.#entry(event)
    const place = { connector, phase, hook: printHook({ phase, event: entry.event.name }) }
    // Contexts are made from the very event the handler was registered for.
    const call = handler as (context: AfterContext) => unknown
    const made = makeRegistration(place, call, options, this.#validator)
    const registration: Registration = { ...made, rank: this.#rank(connector) }
    entry.registrations = [...entry.registrations, registration]
    replan(entry)
    return removal(registration, () => {
      entry.registrations = entry.registrations.filter((each) => each !== registration)
      replan(entry)
    })
  }

  /**
   * Registers what a connector owes the outside world after an event: collected from the results, stored through the
   * outbox in one commit before the dispatch resolves.
   *
   * @throws {CarabinerError} EVENT_UNKNOWN
   * @throws {TypeError} as `register`, or the bus has no outbox
   */
  owe<E extends AnyEvent>(
    connector: string,
    event: E | string,
    collect: (context: AfterContext<E>) => readonly Owed[],
    options: OweOptions = {},
  ): Disposable {
    const entry = this.#entry(event)
    const who = `what \`${connector}\` owes after \`${entry.event.name}\``
    if (this.#outbox === undefined) throw new TypeError(`${who} has no outbox to go to`)
    checkHandler(who, collect, options)
    const { name, when, describe } = options
    const registration: OweRegistration<Owed> = {
      connector,
      phase: 'after',
      label: name === undefined ? connector : `${connector}/${name}`,
      name: name ?? connector,
      timeoutMs: undefined,
      // Contexts are made from the very event it was registered for.
      collect: collect as OweRegistration<Owed>['collect'],
      when: when && compileWhen(who, when, this.#validator),
      describe,
      rank: this.#rank(connector),
      isGone: false,
    }
    entry.owed = [...entry.owed, registration]
    replan(entry)
    return removal(registration, () => {
      entry.owed = entry.owed.filter((each) => each !== registration)
      replan(entry)
    })
  }

  /**
   * Takes an event through its before, on and after handlers. Whatever they do ends as an outcome.
   *
   * Rejects only for what the caller did wrong.
   *
   * @throws {CarabinerError} EVENT_UNKNOWN, CONNECTOR_UNKNOWN, EVENT_RECURSION, QUANTITY_INVALID
   * @throws {EventParamsError} EVENT_PARAMS_INVALID
   */
  dispatch<E extends AnyEvent>(
    event: E,
    params: ParamsOf<E>,
    options?: DispatchOptions,
  ): Promise<Outcome<ResultOf<E>>>
  dispatch(event: AnyEvent | string, params: unknown, options?: DispatchOptions): Promise<Outcome>
  dispatch(
    event: AnyEvent | string,
    params: unknown,
    options: DispatchOptions = noOptions,
  ): Promise<Outcome> {
    try {
      const request = this.#prepare(event, params, options)
      if (request.plan.isEmpty && !request.deadline.isReached) return this.#skip(request)
      const dispatch = new Dispatch(request, this.#parts)
      this.#inFlight++
      return dispatch.run()
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** The handlers of an event in run order. @throws {CarabinerError} EVENT_UNKNOWN */
  handlers(event: AnyEvent | string): HandlerListings {
    return listPlan(this.#entry(event).plan)
  }

  /** Dispatches that have begun and have no outcome yet. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** Resolves when no dispatch is in flight. */
  idle(): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#idle.push(resolve)
    })
  }

  #prepare(
    event: AnyEvent | string,
    given: unknown,
    options: DispatchOptions,
  ): DispatchRequest<Owed> {
    const startedAt = this.#clock.monotonic()
    const entry = this.#entry(event)
    const params = entry.readParams(given)
    const cause = currentCause()
    const depth = Math.max(options.depth ?? 0, cause === undefined ? 0 : cause.depth + 1)
    if (cause !== undefined || depth > 0) refuseRecursion(entry.event, cause, depth)
    const dispatchId = newDispatchId(startedAt)
    const timeoutMs = timeoutOf(entry.event, options, this.#eventTimeoutMs)
    return {
      event: entry.event,
      declaredBy: entry.declaredBy,
      plan: entry.plan,
      checkResult: entry.checkResult,
      params,
      dispatchId,
      traceId: options.traceId ?? dispatchId,
      actor: options.actor,
      dryRun: options.dryRun ?? false,
      depth,
      cause,
      deadline: new Deadline(this.#clock, timeoutMs, options.signal, startedAt),
      first: options.first ?? false,
      onError: options.onError ?? 'fail',
      phases: options.phases === undefined ? undefined : checkedPhases(options.phases),
      takesPart: this.#takesPart(options),
    }
  }

  /** Nobody handles it: that is an outcome, and nothing to wait for. */
  #skip(request: DispatchRequest<Owed>): Promise<Outcome> {
    const { dispatchId, traceId, event, dryRun, deadline } = request
    deadline.check()
    const durationMs = Math.round(deadline.elapsedMs * 1_000) / 1_000
    const base = { dispatchId, traceId, event: event.name, dryRun, durationMs, warnings: [] }
    const outcome: Outcome = dryRun
      ? { ...base, kind: 'completed', results: [], unknown: [] }
      : { ...base, kind: 'completed', results: [] }
    this.#tell((observer) => observer.finished(outcome))
    return Promise.resolve(outcome)
  }

  #over(outcome: Outcome | undefined): void {
    this.#inFlight--
    if (this.#observe !== undefined && outcome !== undefined) {
      this.#tell((observer) => observer.finished(outcome))
    }
    if (this.#inFlight === 0 && this.#idle.length > 0) {
      for (const resolve of this.#idle.splice(0)) resolve()
    }
  }

  #add(event: AnyEvent, declaredBy: string): void {
    this.#entries.set(event.name, {
      event,
      declaredBy,
      readParams: paramsReader(event.name, event.params, this.#validator),
      checkResult: this.#validator.compile(event.result),
      registrations: [],
      owed: [],
      plan: makePlan<Owed>([], []),
    })
  }

  #entry(event: AnyEvent | string): Entry<Owed> {
    const name = typeof event === 'string' ? event : event.name
    const entry = this.#entries.get(name)
    if (entry !== undefined) return entry
    const hint = suggestion(name, [...this.#entries.keys()])
    throw new CarabinerError('EVENT_UNKNOWN', `there is no event \`${name}\`${hint}`)
  }

  #rank(connector: string): number {
    const present = this.#ranks.get(connector)
    if (present !== undefined) return present
    const rank = this.#ranks.size
    this.#ranks.set(connector, rank)
    return rank
  }

  #takesPart({ include, exclude }: DispatchOptions): ((id: string) => boolean) | undefined {
    if (include === undefined && exclude === undefined) return undefined
    const included = include && this.#known(include)
    const excluded = this.#known(exclude ?? [])
    return (id) => (included === undefined || included.has(id)) && !excluded.has(id)
  }

  #known(ids: readonly string[]): ReadonlySet<string> {
    for (const id of ids) {
      if (this.#ranks.has(id)) continue
      const hint = suggestion(id, [...this.#ranks.keys()])
      throw new CarabinerError('CONNECTOR_UNKNOWN', `there is no connector \`${id}\`${hint}`)
    }
    return new Set(ids)
  }

  #tell(what: (observer: DispatchObserver) => void): void {
    if (this.#observe === undefined) return
    try {
      what(this.#observe)
    } catch (error) {
      this.#log.error({ error }, `an observer of dispatches failed: ${messageOf(error)}`)
    }
  }
}

const noOptions: DispatchOptions = Object.freeze({})

function replan<Owed>(entry: Entry<Owed>): void {
  entry.plan = makePlan(entry.registrations, entry.owed)
}

function removal(registration: { isGone: boolean }, forget: () => void): Disposable {
  return {
    [Symbol.dispose]() {
      if (registration.isGone) return
      registration.isGone = true
      forget()
    },
  }
}

function timeoutOf(event: AnyEvent, options: DispatchOptions, hostMs: number): number {
  const eventMs = event.timeoutMs ?? hostMs
  return options.timeout === undefined ? eventMs : Math.min(eventMs, parseDuration(options.timeout))
}

function checkedPhases(phases: readonly Phase[]): readonly Phase[] {
  for (const phase of phases) {
    if (!isPhase(phase)) throw new TypeError(`there is no phase \`${String(phase)}\``)
  }
  return phases
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
