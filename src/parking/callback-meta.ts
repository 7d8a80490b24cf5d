/** Waiter of callbacks that were opened in handlers. */
export const dispatchWaiter = 'dispatches'

/** Waiter of callbacks that were opened outside of handlers: a process awaits them. */
export const hostWaiter = 'host'

/** What a callback that was opened through a scope says about itself. */
export interface CallbackMeta {
  /** Id of the host that opened it. */
  readonly host: string
  /** The connector, or `<connector>/<webhook>`, that opened it. */
  readonly by: string
  /** Id of the dispatch whose handler opened it; `null` outside of handlers. */
  readonly dispatch: string | null
  readonly event: string | null
  /** What whoever opened it wanted to know again. */
  readonly meta: unknown
}
