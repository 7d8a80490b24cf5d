import type { CompleteReply, NoReply, NoReplyCause } from '../../../src/delivery/sender.ts'

type Headers = readonly (readonly [string, string])[]

const timings = { totalMs: 1 }

/** A complete reply. */
export function aReply(
  reply: {
    readonly status?: number
    readonly statusText?: string
    readonly type?: string | readonly string[]
    readonly headers?: Headers
    readonly body?: string | Uint8Array
  } = {},
): CompleteReply {
  const { status = 200, statusText = '', type = [], headers = [], body = '' } = reply
  return {
    kind: 'reply',
    status,
    statusText,
    headers: [...typeHeaders(type), ...headers],
    body: typeof body === 'string' ? new TextEncoder().encode(body) : body,
    timings,
  }
}

/** A request that came to nothing, or to no more than a head. */
export function noReply(
  error: NoReplyCause,
  head?: {
    readonly status: number
    readonly type?: string | readonly string[]
    readonly headers?: Headers
  },
): NoReply {
  const { status = 0, type = [], headers = [] } = head ?? {}
  return {
    kind: 'no-reply',
    error,
    message: `nothing: ${error}`,
    ...(head !== undefined && {
      head: { status, statusText: '', headers: [...typeHeaders(type), ...headers] },
    }),
    timings,
  }
}

function typeHeaders(type: string | readonly string[]): Headers {
  const types = typeof type === 'string' ? [type] : type
  return types.map((each) => ['content-type', each] as const)
}
