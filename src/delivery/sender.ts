import type { EndpointEgress } from './egress/egress-options.ts'
import type { EndpointTls } from './endpoint-tls.ts'

/**
 * One HTTP request, and what came of it. The port behind which the HTTP clients stand: `got` where a decision is awaited,
 * `undici` for the outbox. One contract suite runs on both.
 */
export interface Sender extends AsyncDisposable {
  /** Never rejects: bad news is an answer. */
  send(request: OutboundRequest): Promise<Reply>
  /**
   * As `send`, for thousands a second: `replied` is called once, in the turn in which the last byte has come, or before this returns. A request
   * that is made then follows on the same connection without a pause. Not every sender can.
   */
  dispatch?(request: OutboundRequest, replied: (reply: Reply) => void): void
}

export interface OutboundRequest {
  readonly url: URL
  /** Requests share a connection only when theirs says the same. */
  readonly tls?: EndpointTls | undefined
  /** Which addresses it may go to. Requests share a connection only when theirs says the same. @defaultValue the sender's own */
  readonly egress?: EndpointEgress | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** From now to the last byte of the reply, in milliseconds. */
  readonly timeoutMs: number
  /** Gives the request up early. */
  readonly signal?: AbortSignal
  /** Decompressed bytes of the reply that are accepted; one more ends the request with `over-limit`. */
  readonly replyLimit: number
}

export type Reply = CompleteReply | NoReply

/** The receiver answered, to the last byte. */
export interface CompleteReply {
  readonly kind: 'reply'
  readonly status: number
  readonly statusText: string
  /** Names in lower case, in the order they first came; a name that came twice stands twice, its values in order. */
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Uint8Array
  readonly timings: Timings
}

/** The request came to nothing, or to less than a complete reply. */
export interface NoReply {
  readonly kind: 'no-reply'
  readonly error: NoReplyCause
  /** For people: `no connection to 127.0.0.1:9 (ECONNREFUSED)`. */
  readonly message: string
  /** Status and headers when they had arrived before it broke off: enough for a veto, never for an approval. */
  readonly head?: {
    readonly status: number
    readonly statusText: string
    readonly headers: readonly (readonly [string, string])[]
  }
  readonly timings: Timings
}

/**
 * `timeout`: not done within `timeoutMs`. `aborted`: the caller's signal. `connect`: no connection, TLS refused, DNS failed.
 * `cut-off`: the connection ended before the reply did. `over-limit`: more than `replyLimit` bytes. `protocol`: not HTTP.
 * `egress`: the address is one the guard refuses.
 */
export type NoReplyCause =
  | 'timeout'
  | 'aborted'
  | 'connect'
  | 'cut-off'
  | 'over-limit'
  | 'protocol'
  | 'egress'

/** Milliseconds spent, as far as the request came. */
export interface Timings {
  readonly totalMs: number
  readonly dns?: number
  readonly connect?: number
  readonly tls?: number
  /** From the request sent to the first byte of the reply. */
  readonly firstByte?: number
  readonly download?: number
}
