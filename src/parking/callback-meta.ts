import type { Callback } from '../callbacks/callback.ts'

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

/** `undefined`: somebody else made it, who waits under the same name. */
export function metaOf({ meta }: Callback): CallbackMeta | undefined {
  if (typeof meta !== 'object' || meta === null) return undefined
  if (
    !('host' in meta && 'by' in meta && 'dispatch' in meta && 'event' in meta && 'meta' in meta)
  ) {
    return undefined
  }
  const { host, by, dispatch, event } = meta
  if (typeof host !== 'string' || typeof by !== 'string') return undefined
  if (!isTextOrNull(dispatch) || !isTextOrNull(event)) return undefined
  return { host, by, dispatch, event, meta: meta.meta }
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string'
}
