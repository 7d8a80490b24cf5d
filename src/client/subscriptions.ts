/** Who is told what: a URL, and the events it gets. */
export interface WebhookSubscription {
  /** UUID. */
  readonly subscription_id: string
  readonly owner_agent: string
  readonly callback_url: string
  /** Names, prefixes (`inbox.*`), or `*`. */
  readonly event_types: readonly string[]
  readonly active: boolean
  readonly description: string | null
  /** RFC 3339, as all times. */
  readonly created_at: string
  readonly updated_at: string
  readonly revoked_at: string | null
  /** `****` and the last four characters of the secret; `null`: deliveries carry no signature. */
  readonly secret_hint: string | null
}

/** What is subscribed. */
export interface UpsertWebhookSubscription {
  /** 8 to 2,048 characters; with the owner, what makes a subscription the same one. */
  readonly callback_url: string
  /** 1 to 32. */
  readonly event_types: readonly string[]
  /** 16 to 128 characters. @defaultValue none; on an update: the one there is */
  readonly secret?: string
  /** @defaultValue true */
  readonly active?: boolean
  /** At most 255 characters. */
  readonly description?: string
}

/** What changes; the rest stays. */
export interface UpdateWebhookSubscription {
  readonly callback_url?: string
  readonly event_types?: readonly string[]
  readonly active?: boolean
  readonly description?: string | null
}

/** The next secret, and how long the one before it stays. */
export interface RotateSecret {
  /** 16 to 128 characters. @defaultValue one that is generated, and told in the answer */
  readonly secret?: string
  /** How long the old one signs beside it: `24h`, or seconds. @defaultValue 24h */
  readonly grace?: string | number
}

/** Which subscriptions, and which page of them. */
export interface ListWebhookSubscriptions {
  /** Those that are paused or revoked, too. @defaultValue false */
  readonly include_inactive?: boolean
  /** 1 to 1,000. @defaultValue 100 */
  readonly limit?: number
  /** `next_cursor` of the page before. */
  readonly cursor?: string
}

/** A subscription as it is now. */
export interface SubscriptionAnswer {
  readonly ok: true
  readonly subscription: WebhookSubscription
}

/** Subscriptions, newest first. */
export interface SubscriptionsPage {
  readonly ok: true
  readonly subscriptions: readonly WebhookSubscription[]
  /** `null` on the last page. */
  readonly next_cursor: string | null
}

/** When it was revoked. */
export interface RevokedAnswer {
  readonly ok: true
  readonly subscription_id: string
  readonly revoked_at: string
}

/** The subscription with its next secret. */
export interface RotatedAnswer extends SubscriptionAnswer {
  /** Only when it was generated: told now and never again. */
  readonly secret?: string
}
