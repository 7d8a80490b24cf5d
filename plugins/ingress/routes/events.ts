import { type ConnectorRoute, RouteError } from 'carabiner'
import type { IngressEvent } from '../books/event.ts'
import type { IngressConfig } from '../config.ts'
import { EventAnswer, EventsAnswer, EventsQuery } from '../schemas/event.ts'
import { IdPath } from '../schemas/fields.ts'
import type { Service } from '../service.ts'
import { eventDetail } from '../views/event-detail.ts'
import { eventView } from '../views/event-view.ts'
import { exactAnswer, idIn, managementRoute, notFound } from './management-route.ts'
import { pageAnswer, placeOf } from './page.ts'

export const eventRoutes: readonly ConnectorRoute<IngressConfig>[] = [
  managementRoute({
    method: 'GET',
    path: '/events',
    operation: { id: 'listEvents', summary: 'Search what came in' },
    query: EventsQuery,
    success: { description: 'A page', body: EventsAnswer },
    async handle(service, request) {
      const query = request.query as EventsQuery // as the schema says
      const place = placeOf(query)
      const { from, to, page: _page, pageSize: _pageSize, ...filter } = query
      const range = rangeOf({ from, to })
      const { offset, limit } = place
      const { items, ...counted } = await service.events.list({
        ...filter,
        ...range,
        offset,
        limit,
      })
      const views = items.map((each) => eventView(service, each))
      return pageAnswer(place, { items: views, ...counted })
    },
  }),
  managementRoute({
    method: 'GET',
    path: '/events/:id',
    operation: {
      id: 'getEvent',
      summary: 'Show one event, the request it came with, and what was done to deliver it',
    },
    params: IdPath,
    success: { description: 'The event', body: EventAnswer },
    refusals: [404],
    async handle(service, request) {
      return exactAnswer(await eventDetail(service, await findEvent(service, idIn(request))))
    },
  }),
]

/** @throws {RouteError} 404 */
export async function findEvent(
  { events }: Pick<Service, 'events'>,
  id: string,
): Promise<IngressEvent> {
  const event = await events.find(id)
  if (event === undefined) throw notFound('Event', id)
  return event
}

/** @throws {RouteError} 400: nothing lies between them */
function rangeOf({
  from,
  to,
}: {
  readonly from: string | undefined
  readonly to: string | undefined
}): {
  readonly from?: number
  readonly to?: number
} {
  const range = {
    ...(from !== undefined && { from: Date.parse(from) }),
    ...(to !== undefined && { to: Date.parse(to) }),
  }
  if (range.from === undefined || range.to === undefined || range.from <= range.to) return range
  const message = 'must not be earlier than from'
  throw new RouteError({
    status: 400,
    code: 'VALIDATION_ERROR',
    message: `query/to ${message}`,
    details: { errors: [{ pointer: '/to', message }] },
  })
}
