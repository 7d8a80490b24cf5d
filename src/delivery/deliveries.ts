import type { AnyEvent } from '../bus/event.ts'
import type { AfterContext, HandlerDescription } from '../bus/handler.ts'
import type { RecordWrite } from '../store/records.ts'
import type { AuditRow, DeliveryState, MessageOrigin } from '../store/store.ts'
import type { TransactionClient } from '../store/transactional.ts'
import type { EndpointDefinition } from './endpoint.ts'
import type { EndpointFamily, RegisteredFamily } from './family/endpoint-family.ts'
import type { Questions } from './questions.ts'
import type { CompleteReply, NoReply } from './sender.ts'

/** The delivery engine as a connector sees it. */
export interface Deliveries {
  /** Makes an endpoint known: deliveries stored for its id are sent to it from now on, until it is disposed. */
  endpoint(definition: EndpointDefinition): RegisteredEndpoint
  /**
   * Makes a family of endpoints known: deliveries for ids that begin with its prefix are sent to what it says they are, until it is disposed.
   *
   * @throws {CarabinerError} USAGE for an empty prefix, or one that begins with that of another family, or the other way round
   */
  family(family: EndpointFamily): RegisteredFamily
  /** What the outside world is owed after an event: stored in one commit before the dispatch resolves, only if it completed. */
  owe<E extends AnyEvent>(
    event: E,
    collect: (context: AfterContext<E>) => readonly OutboundMessage[],
    options?: OweOptions,
  ): Disposable
  /**
   * Stores messages now. Resolves when they are durable; with a transaction, when they are part of it.
   *
   * @returns each delivery that was made, in the order of the messages and of their `to`; none for an endpoint that is disabled
   * @throws {RecordConflictError} a record beside them cannot be written: nothing is stored
   * @throws {CarabinerError} MESSAGE_TOO_LARGE, STORE_UNAVAILABLE; USAGE for a transaction on a store that is not `postgres:`, or together with
   * records, audit rows or a wait
   */
  send(
    messages: readonly OutboundMessage[],
    options?: SendOptions,
  ): Promise<readonly SentDelivery[]>
  /** One signed request to a known endpoint, awaited: for decisions. Never rejects, never retries. Counts for the circuit; what the answer is worth, `questions` is told. */
  ask(
    endpoint: string,
    message: OutboundMessage,
    options: AskOptions,
  ): Promise<CompleteReply | NoReply | CircuitOpen>
}

/** An endpoint that was made known. */
export interface RegisteredEndpoint extends Disposable {
  /**
   * Where to tell what comes of questions (`ask`) to it. `health` goes by that, too, as long as the definition that holds has asked for it:
   * one that takes its place and asks the same in the same way goes on from what was told.
   */
  questions(): Questions
}

/** How messages are stored. */
export interface SendOptions {
  /** Your own transaction on the store's database: they are sent if and only if it commits. @defaultValue one of their own */
  readonly tx?: TransactionClient
  /** Records that are written in the same commit: all of it is stored, or nothing. Messages may be none then. @defaultValue none */
  readonly records?: readonly RecordWrite[]
  /** Rows of the audit trail that are written in the same commit. @defaultValue none */
  readonly audit?: readonly Omit<AuditRow, 'id' | 'createdAt'>[]
  /** Waits for what comes of the deliveries. @defaultValue resolves after the commit */
  readonly wait?: SendWait
}

/** How long somebody waits for deliveries, and for what. */
export interface SendWait {
  /** At most so many milliseconds, beside the commit; it ends earlier when the host stops. */
  readonly ms: number
  /** `attempted`: each has been tried once, or is settled. `settled`: each is delivered, dead or cancelled. */
  readonly until: 'attempted' | 'settled'
}

/** A delivery that was stored, and what had come of it when the wait was over. */
export interface SentDelivery {
  readonly id: string
  readonly messageId: string
  readonly endpoint: string
  readonly state: DeliveryState
  /** Requests made until then, 0 without a wait. */
  readonly attempts: number
  /** When it was delivered, dead or cancelled, UTC milliseconds; `null` while it is not. */
  readonly settledAt: number | null
  /** Of the last answer; `null` without one. */
  readonly status: number | null
  readonly lastError: string | null
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
  readonly origin: MessageOrigin
  readonly type: string
  readonly contentType: string
  readonly body: Uint8Array
  /** Bytes it counts as against `host.deliveries.body_limit`: of what it was made of, where that came from somebody else. @defaultValue those of its body */
  readonly size?: number
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>
  readonly traceId: string
  readonly depth: number
  /** Whose it is: an erasure of the tenant removes what it says. @defaultValue the host's own */
  readonly tenant?: string
  readonly to: readonly Recipient[]
}

/** An endpoint that gets a message. */
export interface Recipient {
  readonly endpoint: string
  readonly orderKey?: string
  /** One of a family, as it is now: saves the look. @defaultValue looked up */
  readonly definition?: EndpointDefinition
  /** UUIDv7 of the delivery; for endpoints with the identity `delivery`, what the receiver knows it by. @defaultValue a new one */
  readonly id?: string
  /** The delivery that this one repeats; the message has to be the one that it was of. @defaultValue none */
  readonly redeliveryOf?: string
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
