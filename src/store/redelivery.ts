import type { RedeliveryId } from '../ids.ts'
import type { DeliveryState } from './delivery-state.ts'
import type { Page } from './page.ts'

/** Which settled deliveries are sent once more. */
export interface RedeliveryFilter {
  readonly endpoint?: string
  readonly state: Extract<DeliveryState, 'delivered' | 'dead' | 'cancelled'>
  /** On `createdAt`, UTC milliseconds, inclusive. */
  readonly from?: number
  /** Exclusive. */
  readonly to?: number
}

/** A redelivery of many: its filter, and how far it has come. Any host may take it over where it stands. */
export interface Redelivery {
  readonly id: RedeliveryId
  readonly filter: RedeliveryFilter
  readonly actor: string
  readonly state: 'running' | 'done' | 'stopped'
  /** Deliveries that met the filter when it was asked for. */
  readonly matched: number
  /** Those looked at so far: `redelivered` and `skipped` together. */
  readonly processed: number
  /** New deliveries made. */
  readonly redelivered: number
  /**
   * Left out: a redelivery of the same delivery waits, is being sent or was delivered, or the message was erased. What repeats a redelivery
   * repeats the delivery that one began with: of all that go back to one delivery, one is sent at a time, and none after one was delivered.
   */
  readonly skipped: number
  readonly createdAt: number
  readonly finishedAt: number | null
}

/** A redelivery of many as it is asked for. */
export type NewRedelivery = Pick<Redelivery, 'id' | 'filter' | 'actor' | 'createdAt'>

export interface RedeliveryListing {
  readonly state?: Redelivery['state']
  readonly cursor?: string
  /** @defaultValue 100 */
  readonly limit?: number
}

/** What a host that holds a redelivery asks for: its next step. */
export interface RedeliveryAdvance {
  readonly owner: string
  readonly now: number
  /** How many deliveries it looks at, at most. */
  readonly limit: number
  /** How many of its own deliveries may be on their way. */
  readonly outstanding: number
}

/** What one step of a redelivery came to. */
export interface RedeliveryStep {
  readonly redelivery: Redelivery
  /** Endpoints that have something new that is due. */
  readonly endpoints: readonly string[]
}

/** Redeliveries of many, each advanced a step at a time by whichever host holds it. */
export interface RedeliveryStore {
  /** Counts what matches, a slice at a time, and stores it as `running`. Only deliveries settled before `createdAt` (not at it) match, so what it makes is never its own prey. */
  createRedelivery(redelivery: NewRedelivery): Promise<Redelivery>
  redelivery(id: RedeliveryId): Promise<Redelivery | undefined>
  /** Newest first. @throws {CarabinerError} USAGE as `deliveries` */
  redeliveries(filter: RedeliveryListing): Promise<Page<Redelivery>>
  /**
   * Takes, or keeps, one running redelivery for a host until the lease ends: the oldest by `createdAt` that nobody else holds.
   * `undefined` when there is none.
   */
  holdRedelivery(
    lease: { readonly owner: string; readonly until: number },
    now: number,
  ): Promise<Redelivery | undefined>
  /**
   * In one transaction: looks at the next at most `limit` deliveries that match, the oldest by `createdAt` first, makes a new pending delivery
   * (due `now`, no order key, `redeliveryOf` set) for each that is not left out, and puts the place and the counts forward;
   * `done` when nothing is left. Makes no more than leave `outstanding` of its own deliveries being sent or due at `now`: one that waits for
   * a retry holds nothing up.
   * `undefined` when it is not `owner`'s any more, or not running.
   */
  advanceRedelivery(id: RedeliveryId, step: RedeliveryAdvance): Promise<RedeliveryStep | undefined>
  /** Ends it where it stands; what it made goes on. Resolves to what it is then; `undefined` for an unknown id. One that is over stays as it is. */
  stopRedelivery(id: RedeliveryId, at: number): Promise<Redelivery | undefined>
}
