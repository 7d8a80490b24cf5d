import { EventCancelledError } from '../errors.ts'
import type { CurrentEvent, RunningCall } from './current-event.ts'
import type { DispatchAtWork } from './dispatch-at-work.ts'
import { cancelRefusal } from './failure.ts'
import type { AfterContext, Logger } from './handler.ts'
import type { EventResult } from './outcome.ts'
import type { Params } from './params.ts'
import type { Phase } from './phase.ts'
import type { Callee } from './registration.ts'

/** What a handler's context asks of the dispatch it belongs to. */
export interface ContextSource {
  readonly eventName: string
  readonly dispatchId: string
  readonly traceId: string
  readonly actor: string | undefined
  readonly source: string | undefined
  readonly dryRun: boolean
  readonly depth: number
  readonly params: Params
  readonly results: readonly EventResult[]
  /** UTC milliseconds. */
  readonly deadlineAt: number
  /** UTC milliseconds at which the handlers that are being started began. */
  readonly seenAt: number
  readonly log: Logger
  /** The signal of the handlers of a phase; already aborted when the phase is over. */
  signalOf(phase: Phase): AbortSignal
  cancel(registration: Callee, reason: string, details: unknown): void
  warn(source: string, message: string): void
  /** Why no callback can be opened in a handler of the phase; `undefined`: one can. */
  refusalOf(phase: Phase): string | undefined
  /** A handler of the phase has opened a callback. @returns `false`: the phase is over */
  opened(phase: Phase, callback: OpenedCallback): boolean
  /** A handler awaits the answer to a callback until `settled` settles. */
  awaits(context: CallContext, callbackId: string, settled: Promise<unknown>): void
}

/** A callback, as far as the dispatch that has it needs to know it. */
export interface OpenedCallback {
  readonly id: string
  /** UTC milliseconds. */
  readonly expiresAt: number
}

/**
 * The one object a handler gets.
 *
 * It holds nothing of its own: what is asked for is asked of the dispatch, and what costs something is made then. The
 * methods work without their object (`({ params, cancel }) => …`).
 */
export class CallContext implements AfterContext, RunningCall {
  readonly #source: ContextSource
  readonly #registration: Callee
  #own: OnDemand | undefined

  constructor(source: ContextSource, registration: Callee) {
    this.#source = source
    this.#registration = registration
  }

  get event(): string {
    return this.#source.eventName
  }

  get phase(): Phase {
    return this.#registration.phase
  }

  get params(): Params {
    return this.#source.params
  }

  get results(): readonly EventResult[] {
    return this.#source.results
  }

  get dispatchId(): string {
    return this.#source.dispatchId
  }

  get traceId(): string {
    return this.#source.traceId
  }

  get actor(): string | undefined {
    return this.#source.actor
  }

  get source(): string | undefined {
    return this.#source.source
  }

  get dryRun(): boolean {
    return this.#source.dryRun
  }

  get depth(): number {
    return this.#source.depth
  }

  get deadline(): number {
    return this.#source.deadlineAt
  }

  get signal(): AbortSignal {
    this.#own ??= {}
    this.#own.signal ??= signalFor(this.#registration, this.#source, this.#own)
    return this.#own.signal
  }

  get cancel(): (reason: string, details?: unknown) => never {
    return (reason, details) => {
      if (this.phase !== 'before') throw cancelRefusal(this.phase)
      // Known at once: a handler that catches what is thrown here has cancelled all the same.
      this.#source.cancel(this.#registration, reason, details)
      throw new EventCancelledError(reason, details)
    }
  }

  get warn(): (message: string) => void {
    return (message) => this.#source.warn(this.#registration.label, message)
  }

  get log(): Logger {
    const { event, phase, dispatchId, traceId } = this
    const fields = { event, phase, connector: this.#registration.label, dispatchId, traceId }
    return logWith(this.#source.log, fields)
  }

  /** @internal Tells this handler alone that nobody waits for it any more. */
  abort(reason: Error): void {
    this.#own ??= {}
    this.#own.timeout ??= new AbortController()
    this.#own.timeout.abort(reason)
  }

  /** @internal The callbacks whose answers the handler awaits. */
  get awaited(): ReadonlySet<string> {
    return this.#own?.awaited ?? nothing
  }

  /** @internal */
  beginAwaiting(callbackId: string): void {
    this.#own ??= {}
    this.#own.awaited ??= new Set()
    this.#own.awaited.add(callbackId)
  }

  /** @internal */
  endAwaiting(callbackId: string): void {
    this.#own?.awaited?.delete(callbackId)
  }

  /** @internal What `currentEvent()` says while the handler runs. */
  current(): CurrentEvent {
    const { event, phase, dispatchId, traceId } = this
    const { connector } = this.#registration
    return { event, phase, connector, dispatchId, traceId, startedAt: this.#source.seenAt }
  }

  /** @internal What opening a callback in the handler has to know. */
  atWork(): DispatchAtWork {
    const { event: eventName, phase, dispatchId, traceId } = this
    const { connector, label: by } = this.#registration
    return {
      ...{ dispatchId, traceId, eventName, phase, by, connector },
      refusal: this.#source.refusalOf(phase),
      opened: (callback) => this.#source.opened(phase, callback),
      awaits: (callbackId, settled) => this.#source.awaits(this, callbackId, settled),
    }
  }
}

const nothing: ReadonlySet<string> = new Set()

/** What a context makes when its signal is asked for, when its handler times out, or awaits an answer. */
interface OnDemand {
  /** Aborted when the handler outlives its own timeout. */
  timeout?: AbortController
  signal?: AbortSignal
  awaited?: Set<string>
}

function signalFor(
  { phase, timeoutMs }: Callee,
  source: ContextSource,
  own: OnDemand,
): AbortSignal {
  const shared = source.signalOf(phase)
  if (timeoutMs === undefined) return shared
  own.timeout ??= new AbortController()
  return AbortSignal.any([shared, own.timeout.signal])
}

function logWith(log: Logger, fields: object): Logger {
  return {
    debug: (more, message) => log.debug({ ...fields, ...more }, message),
    info: (more, message) => log.info({ ...fields, ...more }, message),
    warn: (more, message) => log.warn({ ...fields, ...more }, message),
    error: (more, message) => log.error({ ...fields, ...more }, message),
  }
}
