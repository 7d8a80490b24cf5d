/** What became of the deliveries of a publication, when the answer was written. */
export interface DeliveryCounters {
  /** Created for active subscriptions. */
  readonly queued_deliveries: number
  /** Attempted before the answer. */
  readonly processed_deliveries: number
  readonly delivered: number
  readonly pending: number
  /** Given up, or cancelled. */
  readonly dead_lettered: number
}

/** What is published. */
export interface PublishWebhookEvent {
  /** 3 to 100 characters. */
  readonly event_type: string
  /** 2 to 100 characters: where it comes from. */
  readonly source: string
  readonly payload: Readonly<Record<string, unknown>>
}

/** It is stored, with its deliveries. */
export interface PublishedAnswer extends DeliveryCounters {
  readonly ok: true
  readonly accepted_at: string
  readonly event_type: string
  readonly source: string
  readonly owner_agent: string
  /** UUID. */
  readonly event_id: string
}

/** It is on its way again. */
export interface ReplayedAnswer extends DeliveryCounters {
  readonly ok: true
  readonly event_id: string
  readonly owner_agent: string
  readonly event_type: string
  readonly replayed_at: string
}

/** What one event of a batch came to. */
export type BatchResult =
  | PublishedAnswer
  | {
      readonly ok: false
      readonly error: {
        readonly code: string
        readonly message: string
        readonly details: Readonly<Record<string, unknown>>
      }
      readonly detail: string
    }

/** What came of a batch. */
export interface BatchAnswer {
  readonly ok: true
  /** One for each event, in their order. */
  readonly results: readonly BatchResult[]
}

/** What was published, and how it stands. */
export interface WebhookEvent extends DeliveryCounters {
  readonly event_id: string
  readonly event_type: string
  readonly source: string
  readonly owner_agent: string
  readonly occurred_at: string
  /** `null` once it was erased. */
  readonly payload: Readonly<Record<string, unknown>> | null
  readonly erased_at: string | null
  readonly replayed_at: string | null
}

/** One event. */
export interface EventAnswer {
  readonly ok: true
  readonly event: WebhookEvent
}

/** One event on its way to one subscription. */
export interface WebhookDelivery {
  /** The `webhook-id` of its requests. */
  readonly delivery_id: string
  /** `null` for a test. */
  readonly event_id: string | null
  readonly subscription_id: string
  readonly status: DeliveryStatus
  readonly attempts: number
  readonly due_at: string
  readonly last_error: string | null
  readonly created_at: string
  readonly settled_at: string | null
}

/** Where a delivery stands; `dead`: given up. */
export type DeliveryStatus = 'pending' | 'sending' | 'delivered' | 'dead' | 'cancelled'

/** Which page of a list of deliveries. */
export interface ListDeliveries {
  /** 1 to 1,000. @defaultValue 100 */
  readonly limit?: number
  /** `next_cursor` of the page before. */
  readonly cursor?: string
}

/** Deliveries, newest first. */
export interface DeliveriesPage {
  readonly ok: true
  readonly deliveries: readonly WebhookDelivery[]
  /** `null` on the last page. */
  readonly next_cursor: string | null
}

/** What came of the first attempt of a test. */
export interface TestedAnswer {
  readonly ok: true
  readonly subscription_id: string
  readonly delivery: {
    readonly delivery_id: string
    readonly status: DeliveryStatus
    readonly attempts: number
    readonly response_status: number | null
    readonly last_error: string | null
  }
}
