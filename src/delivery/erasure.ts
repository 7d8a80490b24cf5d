import type { Clock } from '../clock.ts'
import { newId } from '../ids.ts'
import type { Erasure, ErasureStore, ErasureTarget } from '../store/erasure.ts'
import type { AuditRow, Store } from '../store/store.ts'

/** Messages and records erased in one transaction: claims get their turn. */
const batch = 100

/**
 * Removes what a message, or every message of a tenant, said and was answered; what waits is cancelled. A second time it finds nothing.
 *
 * Written to the audit trail without any of it: that it was asked for, and what came of it.
 *
 * @param actor - who asks for it
 * @throws {CarabinerError} STORE_UNAVAILABLE; what is erased by then stays so
 */
export async function erase(
  store: ErasureStore & Pick<Store, 'audit'>,
  clock: Clock,
  target: ErasureTarget,
  actor: string,
): Promise<Erasure> {
  await store.audit([erasureAudit(target, 'erasure_requested', actor, {}, clock.now())])
  const total = { messages: 0, cancelled: 0, records: 0 }
  for (let isMore = true; isMore; ) {
    const { messages, cancelled, records } = await store.erase(target, clock.now(), batch)
    total.messages += messages
    total.cancelled += cancelled
    total.records += records
    isMore = messages === batch || records === batch
  }
  await store.audit([erasureAudit(target, 'erased', actor, total, clock.now())])
  return total
}

function erasureAudit(
  target: ErasureTarget,
  what: 'erasure_requested' | 'erased',
  actor: string,
  details: AuditRow['details'],
  createdAt: number,
): AuditRow {
  const entityId = target.kind === 'message' ? target.id : target.tenant
  const action = `${target.kind}.${what}`
  return { id: newId(), entityType: target.kind, entityId, action, actor, details, createdAt }
}
