import type { Phase } from './phase.ts'

/** The dispatch whose handler runs, as far as opening a callback has to know it. */
export interface DispatchAtWork {
  readonly dispatchId: string
  readonly traceId: string
  readonly eventName: string
  readonly phase: Phase
  /** Label of the running handler: `<connector>` or `<connector>/<name>`. */
  readonly by: string
  readonly connector: string
  /** Why no callback can be opened here; `undefined`: one can. */
  readonly refusal: string | undefined
  /**
   * It has a callback now, which is withdrawn when nobody waits for it in the end.
   *
   * @returns `false`: the dispatch, or this phase of it, is over; whoever opened the callback withdraws it
   */
  opened(callback: { readonly id: string; readonly expiresAt: number }): boolean
  /**
   * An on handler begins to await the answer: until `settled` settles, its time does not count. That of a before handler counts, and so
   * does all time where the event does not park.
   */
  awaits(callbackId: string, settled: Promise<unknown>): void
}
