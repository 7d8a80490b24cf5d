import { createHash } from 'node:crypto'
import type { RecordPut, StoredRecord } from 'carabiner'
import { entryOf } from './cursor.ts'
import { isActive, type Subscription } from './subscription.ts'

/** Where subscriptions are kept. */
export const subscriptions = 'subscription'

/** The indexes of the collection. */
export const indexes = {
  /** All of an owner, by the time they were made. */
  owner: 'owner',
  /** Those of an owner that get events, by the time they were made. */
  active: 'active',
  /** Those that get events, by owner and what they name. */
  selector: 'selector',
  /** Those that are not revoked, by owner and URL. */
  url: 'url',
} as const

/** The write that keeps a subscription as it shall be. Its `version` is the one it was read with, 0 for a new one. */
export function toRecord(subscription: Subscription): RecordPut {
  const { id, version, ...value } = subscription
  return {
    kind: 'put',
    collection: subscriptions,
    id,
    expects: version === 0 ? 'absent' : version,
    value,
    entries: entriesOf(subscription),
    ...(subscription.revokedAt === null && {
      unique: [urlEntry(subscription.owner, subscription.callbackUrl)],
    }),
  }
}

/** Only this file says what the collection holds: a record has the shape it was given here. */
export function fromRecord({ id, version, value }: StoredRecord): Subscription {
  return { ...(value as Omit<Subscription, 'id' | 'version'>), id, version }
}

/** Where the subscriptions of an owner to a selector stand. */
export function selectorEntry(owner: string, selector: string): string {
  return `${owner}\n${selector}`
}

/** Where the subscription of an owner at a URL stands. A digest, because URLs may be longer than an entry. */
export function urlEntry(owner: string, url: string): string {
  return createHash('sha256').update(`${owner}\n${url}`).digest('base64url')
}

function entriesOf(subscription: Subscription): Readonly<Record<string, readonly string[]>> {
  const { owner, callbackUrl, createdAt, revokedAt, eventTypes } = subscription
  const time = entryOf(owner, createdAt)
  return {
    [indexes.owner]: [time],
    ...(revokedAt === null && { [indexes.url]: [urlEntry(owner, callbackUrl)] }),
    ...(isActive(subscription) && {
      [indexes.active]: [time],
      [indexes.selector]: eventTypes.map((type) => selectorEntry(owner, type)),
    }),
  }
}
