import type { DeliveryId, MessageId } from '../ids.ts'
import type { AuditRow, AuditStore } from './audit.ts'
import type { Beside } from './beside.ts'
import type { ChangeFeed } from './change-feed.ts'
import type { DeliveryState } from './delivery-state.ts'
import type { DueEndpointStore } from './due-endpoints.ts'
import type { ErasureStore } from './erasure.ts'
import type { Page } from './page.ts'
import type { PermitStore } from './permits.ts'
import type { RateStore } from './rate-slots.ts'
import type { RecordStore } from './records.ts'
import type { RedeliveryStore } from './redelivery.ts'
import type { TallyStore } from './tally.ts'

export type { AuditFilter, AuditPage, AuditPageQuery, AuditRow } from './audit.ts'
export type { DeliveryState } from './delivery-state.ts'
export type { Page } from './page.ts'

/** What a message came from. */
export type MessageOrigin = 'webhook' | 'channel' | 'publish' | 'ingress' | 'replay'

/** What is sent: the exact bytes that are signed, and what the receiver is told beside them. */
export interface Message {
  readonly id: MessageId
  readonly origin: MessageOrigin
  /** `after:adjust`, or a channel's name. */
  readonly type: string
  readonly contentType: string
  readonly body: Uint8Array
  /** Headers of this message alone, lower case (`x-servo-event`); those of the endpoint are added when it is sent. */
  readonly headers: Readonly<Record<string, string>>
  readonly traceId: string
  readonly depth: number
  /** Whose it is; `null` when it is the host's own. */
  readonly tenant: string | null
  /** UTC milliseconds. */
  readonly createdAt: number
}

/** A message on its way into the outbox, with one delivery for each endpoint. */
export interface NewMessage extends Omit<Message, 'tenant'> {
  /** @defaultValue `null` */
  readonly tenant?: string | null
  readonly deliveries: readonly NewDelivery[]
}

export interface NewDelivery {
  readonly id: DeliveryId
  /** `<connector id>/<webhook name>`. */
  readonly endpoint: string
  /** UTC milliseconds before which it is not sent. */
  readonly dueAt: number
  /** Deliveries of one endpoint with the same key are sent one after another, in the order they were stored. */
  readonly orderKey: string | null
  /** The delivery this one repeats: the first, when that one repeated another. */
  readonly redeliveryOf: DeliveryId | null
}

/** One message to one endpoint, as listed. */
export interface DeliveryRow {
  readonly id: DeliveryId
  readonly messageId: MessageId
  readonly endpoint: string
  readonly state: DeliveryState
  readonly attempts: number
  readonly dueAt: number
  readonly lastError: string | null
  readonly createdAt: number
  readonly settledAt: number | null
  readonly redeliveryOf: DeliveryId | null
}

/** A delivery that this host, and no other until the lease ends, may send. */
export interface ClaimedDelivery extends DeliveryRow {
  readonly orderKey: string | null
  readonly message: Message
}

/** One HTTP request of a delivery. */
export interface AttemptRow {
  readonly number: number
  readonly startedAt: number
  readonly durationMs: number
  /** Milliseconds spent in each phase, as far as it came: `queue`, `dns`, `connect`, `tls`, `firstByte`, `download`. */
  readonly phases: Readonly<Record<string, number>>
  readonly outcome: 'delivered' | 'retryable' | 'rejected'
  readonly status: number | null
  readonly responseHeaders: Readonly<Record<string, string>> | null
  /** The first 8 KiB. */
  readonly responseBody: Uint8Array | null
  readonly error: string | null
}

/** What follows an attempt, or a decision not to make one. */
export interface Settlement {
  readonly id: DeliveryId
  /** The host that holds the lease; the settlement of another is refused. */
  readonly owner: string
  /** `null` when nothing was sent (circuit open, endpoint gone, egress refused). */
  readonly attempt: AttemptRow | null
  readonly next:
    | { readonly kind: 'delivered' }
    | { readonly kind: 'dead'; readonly reason: string }
    | { readonly kind: 'cancelled'; readonly reason: string }
    | { readonly kind: 'pending'; readonly dueAt: number; readonly reason: string | null }
  readonly at: number
  /** Written in the same commit if, and only if, this settlement is the owner's to make. @defaultValue nothing */
  readonly beside?: Beside
}

export interface Lease {
  /** The host's id. */
  readonly owner: string
  /** UTC milliseconds. */
  readonly until: number
}

/** What a host asks for: at most `limit` due deliveries of each endpoint named. */
export interface ClaimRequest {
  readonly lease: Lease
  readonly now: number
  readonly endpoints: readonly { readonly endpoint: string; readonly limit: number }[]
}

/** State the engine keeps for each endpoint, shared by all hosts on the store. */
export interface EndpointState {
  readonly endpoint: string
  readonly circuit: 'closed' | 'open' | 'half-open'
  readonly consecutiveFailures: number
  /** When the open circuit lets one probe through, UTC milliseconds. */
  readonly probeAt: number | null
  readonly pausedUntil: number | null
  readonly disabledReason: string | null
  /** The URL the endpoint had when it was disabled: a new one enables it again. */
  readonly disabledUrl: string | null
  /** Since when deliveries wait for it though the assembly does not have it, UTC milliseconds. */
  readonly missingSince: number | null
  readonly lastSuccessAt: number | null
  readonly lastErrorAt: number | null
  readonly lastError: string | null
}

export interface DeliveryFilter {
  readonly state?: DeliveryState
  readonly endpoint?: string
  /** Of these messages alone, at most 100. */
  readonly messageIds?: readonly MessageId[]
  /** On `createdAt`, UTC milliseconds, inclusive. */
  readonly from?: number
  /** Exclusive. */
  readonly to?: number
  readonly cursor?: string
  /** @defaultValue 100 */
  readonly limit?: number
}

/**
 * Counts of what is stored, for health, metrics and a person's first look.
 *
 * They are taken one after another: what goes from one state to another meanwhile may be counted twice, or not at all.
 */
export interface Backlog {
  readonly pending: number
  readonly sending: number
  readonly dead: number
  /** `createdAt` of the oldest delivery that is not settled; `null` when, and only when, all were at one moment. */
  readonly oldestPendingAt: number | null
}

/**
 * Where messages, deliveries, attempts, endpoint state, the audit trail and what connectors keep stand.
 *
 * Writes are grouped: calls made in the same turn of the event loop share one transaction, and each resolves when its rows are durable.
 * Every method rejects with STORE_UNAVAILABLE when the store cannot be reached or written.
 */
export interface Store
  extends RecordStore,
    AuditStore,
    TallyStore,
    DueEndpointStore,
    RedeliveryStore,
    ErasureStore,
    RateStore,
    PermitStore,
    ChangeFeed,
    AsyncDisposable {
  /** `memory`, `sqlite`, `postgres`: the name under which health reports it. */
  readonly name: string
  /** Whether what is stored outlives the process. */
  readonly durable: boolean

  /** Throws STORE_UNAVAILABLE unless the store can be written now. Cheap: may rest on what the last write told. */
  ready(): void | Promise<void>
  /** Touches the store for a health check. */
  ping(): Promise<void>

  /**
   * Stores messages with their deliveries, and what is to stand beside them. Deliveries named in `claimed` are born `sending` under the lease.
   * All or nothing.
   *
   * A message that is stored already keeps what it is and gets further deliveries, created at the `createdAt` given now.
   * A message without deliveries is owed to nobody and not stored.
   *
   * @throws {CarabinerError} MESSAGE_ERASED for the id of a message that was erased; USAGE for a delivery that is stored already, another body
   * under a known message's id, or a delivery with an order key in `claimed` (only a claim can tell whether the one before it is settled)
   * @throws {RecordConflictError} a record beside them cannot be written: see `writeRecords`
   */
  enqueue(
    messages: readonly NewMessage[],
    claimed?: { readonly lease: Lease; readonly ids: ReadonlySet<DeliveryId> },
    beside?: Beside,
  ): Promise<void>
  /** Due deliveries, oldest first, leased to the caller: `sending` from now on. Keeps the order of order keys. */
  claim(request: ClaimRequest): Promise<ClaimedDelivery[]>
  /** When the next delivery of one of these endpoints is due; `null` without one. */
  nextDueAt(endpoints: readonly string[]): Promise<number | null>
  /** Prolongs leases. Resolves to the ids that are still the caller's. */
  renew(ids: readonly DeliveryId[], lease: Lease): Promise<ReadonlySet<DeliveryId>>
  /** Gives claimed deliveries back, due at once, without an attempt. What is not the caller's is left alone. */
  release(ids: readonly DeliveryId[], owner: string): Promise<void>
  /**
   * Records attempts and what follows. Resolves, in order, to whether each was the caller's to settle.
   *
   * A delivery's `attempts` is the highest number of those recorded; its `lastError` stays when there is no new reason.
   */
  settle(settlements: readonly Settlement[]): Promise<readonly boolean[]>
  /** Makes `pending` again whatever a dead host, or an expired lease, still holds. Resolves to their number. */
  recover(now: number): Promise<number>
  /** Tells the others that this host lives. A host that has been silent for 10 s is dead. */
  beat(host: string, now: number): Promise<void>
  /** Takes this host off the list: what it holds may be recovered at once. */
  leave(host: string): Promise<void>
  /** Those that have beaten within the last 10 s and have not left. */
  liveHosts(now: number): Promise<ReadonlySet<string>>
  /** A value that changes whenever another process has changed the store; `undefined` when that cannot be told cheaply. */
  version(): number | undefined

  /**
   * Newest first, by `createdAt`. What waits for an endpoint with a `missingSince` says so as its `lastError`.
   *
   * @throws {CarabinerError} USAGE for a cursor that is no `nextCursor` of this listing, a limit that is not a whole number from 1 to 1000, or
   * more than 100 `messageIds`
   */
  deliveries(filter: DeliveryFilter): Promise<Page<DeliveryRow>>
  delivery(id: DeliveryId): Promise<
    | {
        readonly delivery: DeliveryRow
        readonly message: Message
        readonly attempts: readonly AttemptRow[]
        /** When the body was erased, UTC milliseconds: body and headers are empty since. */
        readonly erasedAt: number | null
      }
    | undefined
  >
  /**
   * Cancels what is not settled and not being sent. Resolves to whether it did.
   *
   * @param audit - written in the same commit, if it did. @defaultValue nothing
   */
  cancel(id: DeliveryId, at: number, audit?: readonly AuditRow[]): Promise<boolean>
  backlog(): Promise<Backlog>

  /** @param endpoints - only these; those of which nothing is known are left out. @defaultValue all */
  endpointStates(endpoints?: readonly string[]): Promise<readonly EndpointState[]>
  /**
   * Writes the given fields of one endpoint's state, creating it when it is new.
   *
   * @param audit - written in the same commit. @defaultValue nothing
   */
  updateEndpoint(
    endpoint: string,
    fields: Partial<Omit<EndpointState, 'endpoint'>>,
    audit?: readonly AuditRow[],
  ): Promise<void>

  /**
   * Claims the one probe of an open circuit: resolves to `true` for exactly one caller, if `probeAt` has come, and puts `probeAt` off to `next`.
   */
  takeProbe(endpoint: string, now: number, next: number): Promise<boolean>
  /** Settles as dead everything of an endpoint that waits. Resolves to the number. */
  bury(endpoint: string, reason: string, at: number): Promise<number>
  /** Cancels everything of an endpoint that waits, with `reason` as its `lastError`. Resolves to the number. */
  cancelWaiting(endpoint: string, reason: string, at: number): Promise<number>
  /** The next endpoints, by name after `after`, that have deliveries which wait; at most `limit`. `''` is before all of them. */
  waitingEndpoints(after: string, limit: number): Promise<readonly string[]>
  /** How many deliveries wait for an endpoint. */
  countWaiting(endpoint: string): Promise<number>

  /**
   * Removes settled deliveries (with their attempts and orphaned messages) and redeliveries that are over, older than `before`, at most `limit`.
   * Resolves to the number removed.
   */
  prune(before: number, limit: number): Promise<number>
}
