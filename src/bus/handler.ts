import type { DurationText } from '../quantity/duration.ts'
import type { CallbackResolution } from './callback-resolution.ts'
import type { AnyEvent, ParamsOf, ResultOf } from './event.ts'
import type { OpenCallback } from './open-callback.ts'
import type { EventResult } from './outcome.ts'
import type { Phase } from './phase.ts'

/** What every handler gets: one object, so that adding a field breaks nobody. */
export interface HandlerContext<E extends AnyEvent = AnyEvent> {
  readonly event: string
  readonly phase: Phase
  /** Deeply frozen. */
  readonly params: ParamsOf<E>
  readonly dispatchId: string
  readonly traceId: string
  readonly actor: string | undefined
  /** The JSON text the params were read from, where they came as one: over HTTP, from the command line. Defaults are not in it. */
  readonly source: string | undefined
  readonly dryRun: boolean
  /** Aborted when the dispatch is over for this handler: deadline, cancellation by another, a failing sibling. */
  readonly signal: AbortSignal
  /** UTC milliseconds until which the whole dispatch has to be done. */
  readonly deadline: number
  /** Length of the chain of dispatches this one stands in: 0 for the first. */
  readonly depth: number
  /**
   * Stops the event: on and after do not run, the outcome is `cancelled` with this reason. Never returns.
   *
   * @throws {EventCancelledError} in a before handler
   * @throws {CarabinerError} CANCEL_OUTSIDE_BEFORE in an on or after handler
   */
  cancel(reason: string, details?: unknown): never
  /** Adds a line to the outcome's `warnings`. */
  warn(message: string): void
  readonly log: Logger
}

/** The context of an after handler: what the on phase gave is known. */
export interface AfterContext<E extends AnyEvent = AnyEvent> extends HandlerContext<E> {
  readonly results: readonly EventResult<ResultOf<E>>[]
}

/** Decides whether an event may happen: it cancels, throws, lets it pass, or leaves it to the callback that it returns. */
export type BeforeHandler<E extends AnyEvent = AnyEvent> = (
  context: HandlerContext<E>,
) => void | OpenCallback | Promise<void | OpenCallback>
/** Does what the event is about, and returns its result, or the callback whose payload will be its result. */
export type OnHandler<E extends AnyEvent = AnyEvent> = (
  context: HandlerContext<E>,
) => ResultOf<E> | OpenCallback | Promise<ResultOf<E> | OpenCallback>
/** Is told that an event has happened. */
export type AfterHandler<E extends AnyEvent = AnyEvent> = (
  context: AfterContext<E>,
) => void | Promise<void>

/** How one handler is registered. */
export interface HandlerOptions {
  /** How long this handler may take; it then fails with HANDLER_TIMEOUT. @defaultValue the dispatch's deadline alone */
  readonly timeout?: DurationText
  /** Integer; higher runs first. @defaultValue 0 */
  readonly priority?: number
  /** JSON Schema the params must match for this handler to run. @defaultValue always */
  readonly when?: Readonly<Record<string, unknown>>
  /**
   * What `explain` calls this handler and what an outcome's `by` says after the connector's id (`<id>/<name>`).
   *
   * @defaultValue the connector's id alone
   */
  readonly name?: string
  /** Not called in a dry run; stands in the outcome's `unknown` instead. @defaultValue false */
  readonly sideEffects?: boolean
  /**
   * Of a before handler that returned a callback: told what came of it, perhaps in another process than the one that opened it. It cancels, throws, lets the
   * event pass, or leaves it to a further callback.
   *
   * @defaultValue a payload with a text `cancel` cancels with it (one that is neither text, `false` nor `null` throws CALLBACK_FAILED), a failure
   * cancels with its error; an expiry throws CALLBACK_EXPIRED
   */
  readonly resolved?: (
    context: HandlerContext,
    resolution: CallbackResolution,
  ) => void | OpenCallback | Promise<void | OpenCallback>
  /** What listings and `explain` say about it. @defaultValue an ordinary handler */
  readonly describe?: HandlerDescription
}

/** What a connector tells about a handler it registers on behalf of its configuration. */
export interface HandlerDescription {
  /** `handler`: code of a connector. `webhook`: asks a URL. `delivery`: what is owed after the event. */
  readonly kind: 'handler' | 'webhook' | 'delivery'
  /** How long it can take at worst, all its own retries included. */
  readonly timeoutMs?: number
  readonly onFailure?: 'cancel' | 'allow'
  readonly mode?: 'enforce' | 'warn' | 'shadow' | 'off'
  /** `reply`: what it is answered decides. `callback`: the event may be parked until somebody answers later. */
  readonly decision?: 'reply' | 'callback'
  /** Keys and indexes in the connector's stanza, from which its line in the assembly is found. */
  readonly path?: readonly (string | number)[]
}

/** The four methods of a pino logger that the host uses. Fields first, then the text. */
export interface Logger {
  debug(fields: object, message?: string): void
  info(fields: object, message?: string): void
  warn(fields: object, message?: string): void
  error(fields: object, message?: string): void
}
