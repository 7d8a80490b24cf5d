import type { Callback } from 'carabiner/callbacks'

/** Who opened a callback, and in the course of what. */
export interface OpenedBy {
  readonly by: string | null
  readonly event: string | null
  readonly dispatchId: string | null
  /** What whoever opened it wanted to know again. */
  readonly meta: unknown
}

/** What `scope.callbacks.open` has noted; of a callback that another program made with `CallbackBook`, its `meta` alone. */
export function openedBy({ waiter, meta }: Callback): OpenedBy {
  if ((waiter !== 'dispatches' && waiter !== 'host') || typeof meta !== 'object' || meta === null) {
    return { by: null, event: null, dispatchId: null, meta }
  }
  const noted: Readonly<Record<string, unknown>> = { ...meta }
  return {
    by: textOrNull(noted['by']),
    event: textOrNull(noted['event']),
    dispatchId: textOrNull(noted['dispatch']),
    meta: noted['meta'] ?? null,
  }
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
