import { answer, CarabinerError, type RouteAnswer, type Store } from 'carabiner'
import type { ApiCall } from './api-route.ts'
import { wrongCursor } from './cursor.ts'
import { subscriptionOf } from './endpoint.ts'
import type { DeliveriesQuery } from './schemas/delivery.ts'
import { shownError } from './shown-error.ts'
import { rfc3339 } from './subscription.ts'

type Filter = Parameters<Store['deliveries']>[0]
type Row = Awaited<ReturnType<Store['deliveries']>>['rows'][number]

/** Deliveries of a subscription or an event, newest first, a page of them. @throws {RouteError} 422 for a cursor that is none */
export async function listDeliveries(
  { service, request }: ApiCall,
  filter: Pick<Filter, 'endpoint' | 'messageIds'>,
): Promise<RouteAnswer> {
  const { limit = 100, cursor } = request.query as DeliveriesQuery // as the schema says
  const { store } = service.scope
  const page = await refusingCursors(
    store.deliveries({ ...filter, limit, ...(cursor !== undefined && { cursor }) }),
  )
  const carried = await service.events.carriedBy(page.rows.map(({ messageId }) => messageId))
  const deliveries = page.rows.map((row) => deliveryView(row, carried.get(row.messageId) ?? null))
  const headers = page.nextCursor === null ? {} : { 'x-next-cursor': page.nextCursor }
  return answer({ ok: true, deliveries }, { headers })
}

async function refusingCursors<T>(listing: Promise<T>): Promise<T> {
  try {
    return await listing
  } catch (error) {
    // Everything else that it could be asked for wrongly was held against the schema.
    if (error instanceof CarabinerError && error.code === 'USAGE') throw wrongCursor()
    throw error
  }
}

/** A delivery as callers see it. */
export function deliveryView(row: Row, eventId: string | null): object {
  return {
    delivery_id: row.id,
    event_id: eventId,
    subscription_id: subscriptionOf(row.endpoint),
    status: row.state,
    attempts: row.attempts,
    due_at: rfc3339(row.dueAt),
    last_error: shownError(row.lastError),
    created_at: rfc3339(row.createdAt),
    settled_at: row.settledAt === null ? null : rfc3339(row.settledAt),
  }
}
