import type { AnyEvent } from '../bus/event.ts'
import type { AfterContext, HandlerDescription } from '../bus/handler.ts'
import type { TransactionClient } from '../store/transactional.ts'
import type { EndpointDefinition } from './endpoint.ts'
import type { CompleteReply, NoReply } from './sender.ts'

/** The delivery engine as a connector sees it. */
export interface Deliveries {
  /** Makes an endpoint known: deliveries stored for its id are sent to it from now on, until it is disposed. */
  endpoint(definition: EndpointDefinition): Disposable
  /** What the outside world is owed after an event: stored in one commit before the dispatch resolves, only if it completed. */
  owe<E extends AnyEvent>(
    event: E,
    collect: (context: AfterContext<E>) => readonly OutboundMessage[],
    options?: OweOptions,
  ): Disposable
  /**
   * Stores messages now. Resolves when they are durable; with a transaction, when they are part of it.
   *
   * @throws {CarabinerError} MESSAGE_TOO_LARGE, STORE_UNAVAILABLE; USAGE for a transaction on a store that is not `postgres:`
   */
  send(messages: readonly OutboundMessage[], options?: SendOptions): Promise<void>
  /** One signed request to a known endpoint, awaited: for decisions. Never rejects, never retries. Counts for the circuit. */
  ask(
    endpoint: string,
    message: OutboundMessage,
    options: AskOptions,
  ): Promise<CompleteReply | NoReply | CircuitOpen>
}

/** How messages are stored. */
export interface SendOptions {
  /** Your own transaction on the store's database: they are sent if and only if it commits. @defaultValue one of their own */
  readonly tx?: TransactionClient
}

interface OweOptions {
  /** JSON Schema the params must match for anything to be owed. */
  readonly when?: Readonly<Record<string, unknown>>
  /** What `explain` calls it. */
  readonly name?: string
  readonly describe?: HandlerDescription
}

/** A message to one or more endpoints. */
export interface OutboundMessage {
  /** UUIDv7; `webhook-id` and `Idempotency-Key` on the wire. @defaultValue a new one */
  readonly id?: string
  readonly origin: 'webhook' | 'channel'
  readonly type: string
  readonly contentType: string
  readonly body: Uint8Array
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>
  readonly traceId: string
  readonly depth: number
  readonly to: readonly { readonly endpoint: string; readonly orderKey?: string }[]
}

/** How one request that is waited for is made. */
export interface AskOptions {
  /** 1 for the first request; sent as `X-Carabiner-Attempt`. */
  readonly attempt: number
  readonly timeoutMs: number
  /** Bytes of the reply that are read. @defaultValue the endpoint's */
  readonly replyLimit?: number
  readonly signal?: AbortSignal
}

/** The circuit is open: nothing was sent. */
export interface CircuitOpen {
  readonly kind: 'circuit-open'
}
