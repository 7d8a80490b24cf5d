import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
import type { Validator } from '../schema/validator.ts'
import { builtInEvents } from './built-in-events.ts'
import type { CallbackResolution } from './callback-resolution.ts'
import { Dispatch } from './dispatch.ts'
import type { DispatchOptions } from './dispatch-options.ts'
import type { DispatchParts } from './dispatch-parts.ts'
import { type DispatchRequest, makeRequest, type RequestParts } from './dispatch-request.ts'
import type { AnyEvent, ParamsOf, ResultOf } from './event.ts'
import type { AfterContext, HandlerOptions, Logger } from './handler.ts'
import { outcomeOfNothing } from './make-outcome.ts'
import type { Outbox } from './outbox.ts'
import type { Failure, Outcome } from './outcome.ts'
import type { DispatchStand, Parking } from './parking.ts'
import { isPhase, type Phase, printHook } from './phase.ts'
import { type HandlerListings, listPlan } from './plan.ts'
import { makeOweRegistration, makeRegistration, type OweOptions } from './registration.ts'
import { Registry } from './registry.ts'
import { outcomeOfStuck, rebuild } from './resume-dispatch.ts'
import { resumeDispatch, runDispatch } from './run-dispatch.ts'

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
  /** Keeps dispatches that wait for callbacks. @defaultValue none: no decision can be left to one */
  readonly parking?: Parking
  readonly observe?: DispatchObserver
}

/**
 * Takes events to their handlers.
 *
 * A dispatch keeps to the handlers that were there when it began, less those disposed meanwhile.
 */
export class Bus<Owed = never> {
  readonly #log: Logger
  readonly #validator: Validator
  readonly #observe: DispatchObserver | undefined
  readonly #registry: Registry<Owed>
  readonly #hasOutbox: boolean
  readonly #requestParts: RequestParts<Owed>
  readonly #parts: DispatchParts<Owed>
  #inFlight = 0
  #idle: (() => void)[] = []

  constructor(options: BusOptions<Owed>) {
    const { clock, log, validator, eventTimeoutMs, outbox, parking, observe } = options
    this.#log = log
    this.#validator = validator
    this.#observe = observe
    this.#hasOutbox = outbox !== undefined
    this.#registry = new Registry(validator)
    this.#requestParts = { clock, registry: this.#registry, eventTimeoutMs }
    this.#parts = {
      clock,
      log,
      outbox,
      parking,
      rests: () => this.#rests(),
      goesOn: () => {
        this.#inFlight++
      },
      handlerFailed: (failure) => this.#tell((observer) => observer.handlerFailed(failure)),
      over: (outcome) => this.#over(outcome),
    }
    for (const event of builtInEvents()) this.#registry.declare(event, 'host')
  }

  /** @throws {CarabinerError} EVENT_DUPLICATE naming both connectors */
  declare(event: AnyEvent, by: string): void {
    this.#registry.declare(event, by)
  }

  /** Every event that can be dispatched, built-in ones first. */
  events(): readonly AnyEvent[] {
    return this.#registry.events()
  }

  /** @throws {CarabinerError} EVENT_UNKNOWN */
  event(name: string): AnyEvent {
    return this.#registry.entry(name).declared.event
  }

  /** Says which connectors there are, in assembly order: the order of handlers and results. */
  connectors(ids: readonly string[]): void {
    for (const id of ids) this.#registry.rank(id)
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
    const known = this.#registry.entry(event).declared.event
    const place = { connector, phase, hook: printHook({ phase, event: known.name }) }
    // Contexts are made from the very event the handler was registered for.
    const call = handler as (context: AfterContext) => unknown
    const made = makeRegistration(place, call, options, this.#validator)
    return this.#registry.add(known, { ...made, rank: this.#registry.rank(connector) })
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
    const known = this.#registry.entry(event).declared.event
    const who = `what \`${connector}\` owes after \`${known.name}\``
    if (!this.#hasOutbox) throw new TypeError(`${who} has no outbox to go to`)
    // Contexts are made from the very event it was registered for.
    const call = collect as (context: AfterContext) => readonly Owed[]
    const made = makeOweRegistration({ connector, who }, call, options, this.#validator)
    return this.#registry.addOwed(known, { ...made, rank: this.#registry.rank(connector) })
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
  dispatch(event: AnyEvent | string, params: unknown, options?: DispatchOptions): Promise<Outcome> {
    try {
      const request = makeRequest(event, params, options, this.#requestParts)
      if (request.plan.isEmpty && !request.deadline.isReached) return this.#skip(request)
      const dispatch = new Dispatch(request, this.#parts)
      this.#inFlight++
      // In an async context of its own, a copy of the caller's: entering frames in it changes nobody else's.
      return ready.then(() => runDispatch(dispatch))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * Goes on with a parked dispatch, on the handlers of now and with all of its time. Handlers that have run do not run again.
   *
   * Resolves when it is over, or parked again. Whatever handlers do ends as an outcome; so do an event that is not known any more and params that no longer
   * match (`failed`, with EVENT_UNKNOWN or EVENT_PARAMS_INVALID). One that is held goes on by itself: what its
   * handlers have returned beside what they await is asked for when they have what they await.
   *
   * @param resolutions - what is known of the callbacks it waits for; those it does not wait for say nothing
   * @throws {TypeError} the bus has no parking, or the dispatch is held, or was parked in no phase where one can be
   */
  resume(stand: DispatchStand, resolutions: readonly CallbackResolution[]): Promise<Outcome> {
    const { parking } = this.#parts
    if (parking === undefined || stand.phase === 'after' || stand.isHeld) {
      return Promise.reject(new TypeError(`dispatch ${stand.dispatchId} is not parked here`))
    }
    this.#inFlight++
    try {
      const dispatch = rebuild(stand, this.#requestParts, this.#parts)
      return ready.then(() => resumeDispatch(dispatch, resolutions))
    } catch (error) {
      return this.#giveUp(stand, error, parking)
    }
  }

  /** The handlers of an event in run order. @throws {CarabinerError} EVENT_UNKNOWN */
  handlers(event: AnyEvent | string): HandlerListings {
    return listPlan(this.#registry.entry(event).plan)
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

  /** Nobody handles it: that is an outcome, and nothing to wait for. */
  #skip(request: DispatchRequest<Owed>): Promise<Outcome> {
    const outcome = outcomeOfNothing(request)
    this.#tell((observer) => observer.finished(outcome))
    return Promise.resolve(outcome)
  }

  async #giveUp(stand: DispatchStand, error: unknown, parking: Parking): Promise<Outcome> {
    const outcome = outcomeOfStuck(stand, error)
    await parking.withdraw(stand.waits.map(({ callbackId }) => callbackId))
    await parking.end(outcome)
    this.#over(outcome)
    return outcome
  }

  #over(outcome: Outcome | undefined): void {
    if (this.#observe !== undefined && outcome !== undefined) {
      this.#tell((observer) => observer.finished(outcome))
    }
    this.#rests()
  }

  #rests(): void {
    this.#inFlight--
    if (this.#inFlight === 0 && this.#idle.length > 0) {
      for (const resolve of this.#idle.splice(0)) resolve()
    }
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

const ready = Promise.resolve()
