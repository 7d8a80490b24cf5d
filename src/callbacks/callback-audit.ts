import { newId } from '../ids.ts'
import type { AuditRow } from '../store/store.ts'
import type { Callback } from './callback.ts'

/** What is told of a callback in the audit trail. What was answered is not: an erasure leaves the trail as it is. */
export type AuditedChange =
  | 'callback.completed'
  | 'callback.failed'
  | 'callback.extended'
  | 'callback.expired'

/** @param actor - who did it */
export function auditRowOf(
  action: AuditedChange,
  { id, waiter, deadline }: Callback,
  actor: string,
  createdAt: number,
): AuditRow {
  return {
    id: newId(),
    entityType: 'callback',
    entityId: id,
    action,
    actor,
    details: { waiter, deadline: new Date(deadline).toISOString() },
    createdAt,
  }
}
