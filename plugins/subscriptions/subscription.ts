/** A URL that gets the events of some types, as it is kept. */
export interface Subscription {
  readonly id: string
  /** Of its record: what changed meanwhile is not overwritten. */
  readonly version: number
  readonly owner: string
  readonly callbackUrl: string
  readonly eventTypes: readonly string[]
  readonly active: boolean
  readonly description: string | null
  /** The newest first; more than one while one takes another's place. */
  readonly secrets: readonly HeldSecret[]
  /** UTC milliseconds. */
  readonly createdAt: number
  readonly updatedAt: number
  readonly revokedAt: number | null
}

export interface HeldSecret {
  readonly secret: string
  /** Until when it signs beside the one that took its place, UTC milliseconds; `null`: it is the one. */
  readonly until: number | null
}

/** As callers see it. */
export interface SubscriptionView {
  readonly subscription_id: string
  readonly owner_agent: string
  readonly callback_url: string
  readonly event_types: readonly string[]
  readonly active: boolean
  readonly description: string | null
  readonly created_at: string
  readonly updated_at: string
  readonly revoked_at: string | null
  readonly secret_hint: string | null
}

/** Nothing of a secret is shown but its last four characters. */
export function viewOf(subscription: Subscription): SubscriptionView {
  const [newest] = subscription.secrets
  return {
    subscription_id: subscription.id,
    owner_agent: subscription.owner,
    callback_url: subscription.callbackUrl,
    event_types: subscription.eventTypes,
    active: subscription.active,
    description: subscription.description,
    created_at: rfc3339(subscription.createdAt),
    updated_at: rfc3339(subscription.updatedAt),
    revoked_at: subscription.revokedAt === null ? null : rfc3339(subscription.revokedAt),
    secret_hint: newest === undefined ? null : `****${newest.secret.slice(-4)}`,
  }
}

/** Whether it gets new events. */
export function isActive({ active, revokedAt }: Subscription): boolean {
  return active && revokedAt === null
}

/** The secrets that sign now, the newest first. */
export function secretsAt({ secrets }: Subscription, now: number): readonly string[] {
  return secrets.filter(({ until }) => until === null || until > now).map(({ secret }) => secret)
}

export function rfc3339(utcMs: number): string {
  if (last.utcMs !== utcMs) last = { utcMs, text: new Date(utcMs).toISOString() }
  return last.text
}

/** A moment is told in several places at once. */
let last = { utcMs: 0, text: new Date(0).toISOString() }
