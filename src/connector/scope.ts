import type { KeyBook } from '../access/key-book.ts'
import type { Once } from '../access/once.ts'
import type { RateLimiter } from '../access/rate-limiter.ts'
import type { BuiltInEvents } from '../bus/built-in-events.ts'
import type { DispatchEvent } from '../bus/dispatch-event.ts'
import type { AnyEvent } from '../bus/event.ts'
import type {
  AfterHandler,
  BeforeHandler,
  HandlerOptions,
  Logger,
  OnHandler,
} from '../bus/handler.ts'
import type { ChannelMessage, MessageInput } from '../channels/message.ts'
import type { Clock } from '../clock.ts'
import type { Deliveries } from '../delivery/deliveries.ts'
import type { Callbacks } from '../parking/callbacks.ts'
import type { DurationText } from '../quantity/duration.ts'
import type { AuditRow, Store } from '../store/store.ts'
import type { RecordBook } from './record-book.ts'

/** What `setup` gets: everything a connector may do, bound to its id. What it registers goes when it stops. */
export interface Scope<Config = unknown> {
  readonly id: string
  /** Validated, defaults filled in. */
  readonly config: Config
  /** Every event of the assembly. */
  readonly events: readonly AnyEvent[]
  /** The ids of all connectors of the assembly, in its order. */
  readonly connectors: readonly string[]
  /** How long the host keeps what is settled (`host.retention`), in milliseconds. */
  readonly retentionMs: number
  /** Where the outside world reaches this host (`host.server.public_url`); `null` when the assembly does not say. */
  readonly publicUrl: string | null
  /** Whether `NODE_ENV` is `production`, for the host or in the `.env` beside its assembly: what is there to try things out is off then. */
  readonly production: boolean
  /** Takes every secret of the assembly, and the credentials and query values of URLs, out of a text that somebody will read. */
  readonly redact: (text: string) => string

  before<N extends keyof BuiltInEvents>(
    event: N,
    handler: BeforeHandler<BuiltInEvents[N]>,
    options?: HandlerOptions,
  ): Disposable
  before<E extends AnyEvent>(
    event: E,
    handler: BeforeHandler<E>,
    options?: HandlerOptions,
  ): Disposable
  before(event: string, handler: BeforeHandler, options?: HandlerOptions): Disposable
  on<N extends keyof BuiltInEvents>(
    event: N,
    handler: OnHandler<BuiltInEvents[N]>,
    options?: HandlerOptions,
  ): Disposable
  on<E extends AnyEvent>(event: E, handler: OnHandler<E>, options?: HandlerOptions): Disposable
  on(event: string, handler: OnHandler, options?: HandlerOptions): Disposable
  after<N extends keyof BuiltInEvents>(
    event: N,
    handler: AfterHandler<BuiltInEvents[N]>,
    options?: HandlerOptions,
  ): Disposable
  after<E extends AnyEvent>(
    event: E,
    handler: AfterHandler<E>,
    options?: HandlerOptions,
  ): Disposable
  after(event: string, handler: AfterHandler, options?: HandlerOptions): Disposable

  readonly dispatch: DispatchEvent

  /** Resolves when every subscriber's queue has room for it and what is durable about it is stored; rejects when that cannot be stored. */
  publish(channel: string, message: MessageInput | string | Uint8Array): Promise<void>
  /** A literal name, a glob (`orders.*`), or a regular expression (`/orders\..+/` or a RegExp), matched whole. */
  subscribe(
    selector: string | RegExp,
    handler: (message: ChannelMessage, from: { readonly channel: string }) => void | Promise<void>,
    options?: SubscribeOptions,
  ): Disposable
  /** Calls `make` every interval and publishes what it returns; `undefined` publishes nothing. Zero and negative intervals are refused. */
  publishEvery(
    channel: string,
    interval: DurationText,
    make: () => MessageInput | string | undefined | Promise<MessageInput | string | undefined>,
  ): Disposable

  readonly deliveries: Deliveries
  /** The host's store, to look into: what is owed is stored through `deliveries`, what is to be remembered through `audit`. */
  readonly store: Pick<
    Store,
    | 'name'
    | 'durable'
    | 'deliveries'
    | 'delivery'
    | 'tally'
    | 'backlog'
    | 'endpointStates'
    | 'auditTrail'
  >
  /** What the connector keeps itself: collections of its own, whatever they are called. */
  readonly records: RecordBook
  /** Keys that were made with `carabiner keys create`: to tell who calls. */
  readonly apiKeys: Pick<KeyBook, 'find'>
  /** So many calls per interval and key, counted for all hosts on the store. Keys are the connector's own. */
  readonly limits: Pick<RateLimiter, 'take'>
  /** What is parked until an outside system answers: a decision, or work that was handed out. */
  readonly callbacks: Callbacks
  /** Does what a caller asks for once per idempotency key. Keys are the connector's own. */
  readonly once: Pick<Once, 'run'>
  readonly audit: (row: Omit<AuditRow, 'id' | 'createdAt'>) => Promise<void>
  readonly metrics: Metrics
  /** Counts the assemblies of this host: 1 for the one it started with, one more with each reload. */
  readonly generation: number
  readonly clock: Clock
  readonly log: Logger
  /** Aborted when the host shuts down. */
  readonly signal: AbortSignal
}

interface SubscribeOptions {
  /** Messages that may wait for this subscriber before `publish` waits. @defaultValue 1000 */
  readonly bound?: number
  /** Whether `publish` resolves only when the handler has returned: for a subscriber that stores. @defaultValue false */
  readonly awaited?: boolean
}

/** Counters a connector adds to `/metrics`, named `carabiner_<name>`. */
export interface Metrics {
  counter(
    name: string,
    help: string,
    labels: readonly string[],
  ): { add(labels: Readonly<Record<string, string>>, by?: number): void }
  histogram(
    name: string,
    help: string,
    labels: readonly string[],
    buckets: readonly number[],
  ): { observe(labels: Readonly<Record<string, string>>, value: number): void }
}
