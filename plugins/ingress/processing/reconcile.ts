import { type DeliveryState, RecordConflictError, type Scope } from 'carabiner'
import { type EventStatus, type IngressEvent, openStatuses } from '../books/event.ts'
import { events, toRecord } from '../books/event-record.ts'
import { type Replay, type ReplayStatus, replays, toReplayRecord } from '../books/replay-record.ts'
import type { Service } from '../service.ts'
import { auditOfEvent, auditOfReplay } from './transition.ts'

type Row = Awaited<ReturnType<Scope['store']['deliveries']>>['rows'][number]

/** What an event has come to without an attempt. */
interface End {
  readonly status: EventStatus
  readonly reason: string | null
}

/**
 * Brings an event in line with its deliveries when these are over, and nothing of it was written beside: they were cancelled by an operator, or erased.
 */
export async function reconcileEvent(service: Service, id: string): Promise<void> {
  const event = await service.events.find(id)
  if (event === undefined) return
  const end = await unwrittenEnd(service, event)
  if (end === undefined) return
  const { status, reason } = end
  const now = service.scope.clock.now()
  await unlessOvertaken(events, () =>
    service.scope.deliveries.send([], {
      records: [toRecord({ ...event, status, lastError: reason, updatedAt: now })],
      audit: [auditOfEvent(event.id, `event.${status}`, reason === null ? {} : { error: reason })],
    }),
  )
}

/** The same for a replay and the one delivery it made. */
export async function reconcileReplay(service: Service, replay: Replay): Promise<void> {
  const { scope } = service
  const { rows } = await scope.store.deliveries({ messageIds: [replay.eventId], limit: 1_000 })
  const delivery = rows.find(({ id }) => sameText(id, replay.id))
  if (delivery !== undefined && delivery.settledAt === null) return

  const status: ReplayStatus = delivery?.state === 'delivered' ? 'completed' : 'failed'
  const error = delivery === undefined ? goneReason : reasonOf(delivery)
  const details = { eventId: replay.eventId, ...(error !== null && { error }) }
  await unlessOvertaken(replays, () =>
    scope.deliveries.send([], {
      records: [toReplayRecord({ ...replay, status, updatedAt: scope.clock.now() })],
      audit: [auditOfReplay(replay.id, `replay.${status}`, details)],
    }),
  )
}

/** An event as its deliveries say, before it was brought in line with them. */
export async function inLine(service: Service, event: IngressEvent): Promise<IngressEvent> {
  const end = await unwrittenEnd(service, event)
  return end === undefined ? event : { ...event, status: end.status, lastError: end.reason }
}

const goneReason = 'there is no delivery of it'

const ends: Readonly<Record<DeliveryState, EventStatus>> = {
  pending: 'pending',
  sending: 'processing',
  delivered: 'processed',
  dead: 'failed',
  cancelled: 'cancelled',
}

/** What an open event has come to, if its deliveries are over. */
async function unwrittenEnd(service: Service, event: IngressEvent): Promise<End | undefined> {
  if (!isOpen(event)) return undefined
  // Read after the event: whatever is settled meanwhile changes the event's version.
  const [tally] = await service.scope.store.tally([event.id])
  if (tally !== undefined && tally.pending + tally.sending > 0) return undefined
  return endOf(service, event)
}

/** What the newest delivery has come to. */
async function endOf({ scope }: Service, { id }: IngressEvent): Promise<End> {
  const { rows } = await scope.store.deliveries({ messageIds: [id], limit: 1 })
  const last: Row | undefined = rows[0]
  if (last === undefined) return { status: 'failed', reason: goneReason }
  return { status: ends[last.state], reason: reasonOf(last) }
}

/** Who cancels a delivery gives no reason: it still has that of its last attempt. */
function reasonOf({ state, lastError }: Row): string | null {
  return state === 'cancelled' && lastError !== 'erased' ? 'its delivery was cancelled' : lastError
}

function isOpen({ status }: IngressEvent): boolean {
  return openStatuses.some((open) => open === status)
}

/** Ids of two kinds. */
function sameText(one: string, other: string): boolean {
  return one === other
}

/** Somebody was faster: it is in line by now, or will be looked at again. */
async function unlessOvertaken(collection: string, write: () => Promise<unknown>): Promise<void> {
  try {
    await write()
  } catch (error) {
    if (!(error instanceof RecordConflictError) || error.collection !== collection) throw error
  }
}
