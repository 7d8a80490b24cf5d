import type { OpenCallback } from '../bus/open-callback.ts'
import type { Callback } from '../callbacks/callback.ts'
import type { CallbackBook } from '../callbacks/callback-book.ts'
import type { DurationText } from '../quantity/duration.ts'

/** What a connector does with callbacks. */
export interface Callbacks {
  /**
   * Opens a callback for the handler it is called in, or for whoever calls it outside of handlers: stored when it resolves.
   *
   * @throws {CarabinerError} CALLBACKS_OFF when no connector of the assembly serves callbacks, or the event does not park (in a before handler);
   * USAGE for a timeout that cannot be one, or in an after handler; STORE_UNAVAILABLE; QUANTITY_INVALID
   */
  open(options: OpenCallbackOptions): Promise<OpenCallback>
  /** For the connector that takes the answers: from now on callbacks can be opened. One desk at a time; the last one serves. */
  serve(desk: CallbackDesk): Disposable
  /** The host's callbacks, for whoever shows, answers and expires them. */
  readonly book: CallbackBook
}

/** How a callback is opened. */
export interface OpenCallbackOptions {
  /** How long it waits for its answer, or for a heartbeat. Seconds, or a duration such as `'1h'`; at most 30 days. */
  readonly timeout: DurationText
  /** What to know again when somebody looks at it: small JSON. @defaultValue `null` */
  readonly meta?: unknown
}

/** How callbacks are handed out, and who hears of their ends. */
export interface CallbackDesk {
  /** Where its completion is posted. */
  url(id: string): string
  /** The value of `X-Awa-Signature`; `null` where answers need no signature. */
  sign(id: string): string | null
  /**
   * Told of each callback that was completed, has failed or expired, once, before what waits for it goes on.
   *
   * @returns why it counts as failed all the same; `undefined`: it counts as it is
   */
  resolved(callback: Callback): Promise<string | undefined>
}
