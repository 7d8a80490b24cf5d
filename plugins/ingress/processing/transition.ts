import type { RecordPatch, SendOptions } from 'carabiner'
import type { EventStatus, IngressEvent } from '../books/event.ts'
import { events } from '../books/event-record.ts'
import { type ReplayStatus, replays } from '../books/replay-record.ts'

/** What of an event changes while it is on its way. */
type EventChange = Partial<Pick<IngressEvent, 'lastError' | 'lastProcessedAt' | 'dispatch'>> & {
  readonly status: EventStatus
}

type AuditEntry = NonNullable<SendOptions['audit']>[number]

/** Puts an event into another status, whatever it was before: attempts of several of its deliveries may be over at the same time. */
export function changeOfEvent(
  eventId: string,
  change: EventChange,
  at: number,
  attempts = 0,
): RecordPatch {
  return {
    kind: 'patch',
    collection: events,
    id: eventId,
    set: { ...change, updatedAt: at },
    ...(attempts > 0 && { add: { processingAttempts: attempts } }),
    facets: { status: change.status },
  }
}

/** Puts a replay into another status. */
export function changeOfReplay(replayId: string, status: ReplayStatus, at: number): RecordPatch {
  return {
    kind: 'patch',
    collection: replays,
    id: replayId,
    set: { status, updatedAt: at },
    facets: { status },
  }
}

/** A row of the audit trail about an event. */
export function auditOfEvent(
  eventId: string,
  action: string,
  details: AuditEntry['details'],
): AuditEntry {
  return { entityType: 'event', entityId: eventId, action, actor, details }
}

/** A row of the audit trail about a replay. */
export function auditOfReplay(
  replayId: string,
  action: string,
  details: AuditEntry['details'],
): AuditEntry {
  return { entityType: 'replay', entityId: replayId, action, actor, details }
}

/** The host does it by itself. */
const actor = 'host'
