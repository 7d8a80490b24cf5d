import { answer, CarabinerError, type RouteAnswer, type Store } from 'carabiner'
import type { ApiCall } from './api-route.ts'
import { wrongCursor } from './cursor.ts'
import { endpointOf, subscriptionOf } from './endpoint.ts'
import { messagesOf, type PublishedEvent } from './event.ts'
import type { DeliveriesQuery } from './schemas/delivery.ts'
import { shownError } from './shown-error.ts'
import { rfc3339, type Subscription } from './subscription.ts'

type Filter = Parameters<Store['deliveries']>[0]
type Row = Awaited<ReturnType<Store['deliveries']>>['rows'][number]

/** Which deliveries are listed: those of an event, with its replays; or those to a subscription. */
export type DeliveriesOf =
  | { readonly event: PublishedEvent }
  | { readonly subscription: Pick<Subscription, 'id'> }

/** Deliveries of an event or to a subscription, newest first, a page of them. @throws {RouteError} 422 for a cursor that is none */
export async function listDeliveries(call: ApiCall, of: DeliveriesOf): Promise<RouteAnswer> {
  const { service, request } = call
  const { limit = 100, cursor } = request.query as DeliveriesQuery // as the schema says
  const { store } = service.scope
  const page = await refusingCursors(
    store.deliveries({ ...filterOf(of), limit, ...(cursor !== undefined && { cursor }) }),
  )
  const eventOf = await eventsOf(call, of, page.rows)
  const deliveries = page.rows.map((row) => deliveryView(row, eventOf(row)))
  const headers = page.nextCursor === null ? {} : { 'x-next-cursor': page.nextCursor }
  return answer({ ok: true, deliveries }, { headers })
}

function filterOf(of: DeliveriesOf): Pick<Filter, 'endpoint' | 'messageIds'> {
  return 'event' in of
    ? { messageIds: messagesOf(of.event) }
    : { endpoint: endpointOf(of.subscription.id) }
}

/** Finds the event that a delivery carries; `null` for a test. */
async function eventsOf(
  { service }: Pick<ApiCall, 'service'>,
  of: DeliveriesOf,
  rows: readonly Row[],
): Promise<(row: Row) => string | null> {
  if ('event' in of) return () => of.event.id
  const carried = await service.events.carriedBy(rows.map(({ messageId }) => messageId))
  return ({ messageId }) => carried.get(messageId) ?? null
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
