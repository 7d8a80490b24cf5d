import type { Callback } from 'carabiner/callbacks'
import { type OpenedBy, openedBy } from './opened-by.ts'

/** A callback as the API and the command line show it; times in RFC 3339, UTC. What was answered is not in lists. */
export interface CallbackView
  extends OpenedBy,
    Pick<Callback, 'id' | 'state' | 'waiter' | 'resolvedBy' | 'error'> {
  readonly createdAt: string
  readonly deadline: string
  readonly resolvedAt: string | null
}

export function callbackView(callback: Callback): CallbackView {
  const { id, state, waiter, createdAt, deadline, resolvedAt, resolvedBy, error } = callback
  return {
    id,
    state,
    waiter,
    ...openedBy(callback),
    createdAt: rfc3339(createdAt),
    deadline: rfc3339(deadline),
    resolvedAt: resolvedAt === null ? null : rfc3339(resolvedAt),
    resolvedBy,
    error,
  }
}

/** The JSON of a callback with its payload, which stands in it as it came: `1.0` is `1.0`. */
export function detailJson(callback: Callback): string {
  const shown = JSON.stringify(callbackView(callback))
  const { payload } = callback
  const text = payload === null ? 'null' : Buffer.from(payload).toString('utf8')
  return `${shown.slice(0, -1)},"payload":${text}}`
}

function rfc3339(ms: number): string {
  return new Date(ms).toISOString()
}
