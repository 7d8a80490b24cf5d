import type { Clock } from '../../clock.ts'
import { newId, newRedeliveryId, type RedeliveryId } from '../../ids.ts'
import type { Redelivery, RedeliveryFilter, RedeliveryStore } from '../../store/redelivery.ts'
import type { AuditRow, Store } from '../../store/store.ts'

type RequestStore = Pick<RedeliveryStore, 'createRedelivery' | 'redelivery' | 'stopRedelivery'> &
  Pick<Store, 'audit'>

/**
 * Stores that whatever matches is to be sent again; the hosts on the store do it. Written to the audit trail before it is counted:
 * what somebody asked for is known even if the count is cut short.
 *
 * @param actor - who asks for it
 * @throws {CarabinerError} STORE_UNAVAILABLE
 */
export async function requestRedelivery(
  store: RequestStore,
  clock: Clock,
  filter: RedeliveryFilter,
  actor: string,
): Promise<Redelivery> {
  const id = newRedeliveryId()
  const createdAt = clock.now()
  await store.audit([redeliveryAudit(id, 'redelivery.requested', actor, { filter }, createdAt)])
  return store.createRedelivery({ id, filter, actor, createdAt })
}

/**
 * Ends a redelivery where it stands; what it has made is sent all the same. One that is over stays as it is.
 *
 * @returns where it stands; `undefined` when there is none with this id
 * @throws {CarabinerError} STORE_UNAVAILABLE
 */
export async function stopRedelivery(
  store: RequestStore,
  clock: Clock,
  id: RedeliveryId,
  actor: string,
): Promise<Redelivery | undefined> {
  const before = await store.redelivery(id)
  if (before?.state !== 'running') return before
  const now = clock.now()
  const after = await store.stopRedelivery(id, now)
  if (after?.state === 'stopped') {
    await store.audit([
      redeliveryAudit(id, 'redelivery.stopped', actor, redeliveryCounts(after), now),
    ])
  }
  return after
}

/** A line of the audit trail about a redelivery of many. */
export function redeliveryAudit(
  id: RedeliveryId,
  action: 'redelivery.requested' | 'redelivery.stopped' | 'redelivery.done',
  actor: string,
  details: AuditRow['details'],
  createdAt: number,
): AuditRow {
  return { id: newId(), entityType: 'redelivery', entityId: id, action, actor, details, createdAt }
}

/** How far it came, for the audit trail and the log. */
export function redeliveryCounts(
  redelivery: Redelivery,
): Pick<Redelivery, 'matched' | 'processed' | 'redelivered' | 'skipped'> {
  const { matched, processed, redelivered, skipped } = redelivery
  return { matched, processed, redelivered, skipped }
}
