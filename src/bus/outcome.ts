import type { Mismatch } from '../errors.ts'
import type { Phase } from './phase.ts'

/** What became of one dispatch. HTTP and `--json` give this object field for field. */
export type Outcome<R = unknown> = OutcomeBase & (Completed<R> | Cancelled | Failed<R> | Parked)

interface OutcomeBase {
  readonly dispatchId: string
  readonly traceId: string
  readonly event: string
  readonly dryRun: boolean
  readonly durationMs: number
  readonly warnings: readonly Warning[]
}

/** Everything ran, and everything owed to the outside world is stored. */
export interface Completed<R = unknown> {
  readonly kind: 'completed'
  readonly results: readonly EventResult<R>[]
  /** Dry runs only: who was not asked, because asking has side effects. */
  readonly unknown?: readonly string[]
}

/** A before handler said no; on and after did not run. */
export interface Cancelled {
  readonly kind: 'cancelled'
  /** The connector, or `<connector>/<webhook>`, that cancelled. */
  readonly by: string
  readonly reason: string
  readonly details?: unknown
  /** What else went wrong until then. */
  readonly also: readonly Failure[]
}

export interface Failed<R = unknown> {
  readonly kind: 'failed'
  /** The phase that failed. */
  readonly phase: Phase
  readonly failures: readonly Failure[]
  readonly results: readonly EventResult<R>[]
}

/** It is stored, and goes on when those it waits for have answered: in this process, or in another one on the same store. */
export interface Parked {
  readonly kind: 'parked'
  readonly waitingFor: readonly Waiting[]
}

/** A callback that keeps a dispatch from going on. */
export interface Waiting {
  /** The connector, or `<connector>/<webhook>`, whose handler waits for it. */
  readonly by: string
  readonly callbackId: string
  /** RFC 3339, UTC. A heartbeat moves it. */
  readonly expiresAt: string
}

/** What one connector's on handler gave, or how it failed under `onError: 'continue'`. */
export type EventResult<R = unknown> =
  | { readonly connector: string; readonly value: R | null }
  | {
      readonly connector: string
      readonly error: { readonly code: string; readonly name: string; readonly message: string }
    }

/** `code` is a `CarabinerErrorCode` for our own errors, `HANDLER_FAILED` for a foreign one. */
export interface Failure {
  readonly connector: string
  readonly phase: Phase
  readonly code: string
  readonly message: string
  /** Where the params of the event do not match, when that is what the handler threw: an `EventParamsError`. It is not told field for field. */
  readonly errors?: readonly Mismatch[]
}

/** Something that went wrong in a dispatch without changing its outcome. */
export interface Warning {
  readonly source: string
  readonly message: string
}
