import type { ConnectorRoute } from 'carabiner'
import type { IngressAttempt } from '../books/attempt-record.ts'
import type { PageOf } from '../books/page.ts'
import type { IngressConfig } from '../config.ts'
import { DeliveriesAnswer, DeliveriesQuery } from '../schemas/attempt.ts'
import type { Service } from '../service.ts'
import { attemptViews } from '../views/attempt-view.ts'
import { managementRoute } from './management-route.ts'
import { cut, type Place, pageAnswer, placeOf } from './page.ts'

export const deliveryRoutes: readonly ConnectorRoute<IngressConfig>[] = [
  managementRoute({
    method: 'GET',
    path: '/deliveries',
    operation: {
      id: 'listDeliveries',
      summary: 'List the attempts to deliver events, newest first',
      description: 'Of one event, its newest 1,000 attempts.',
    },
    query: DeliveriesQuery,
    success: { description: 'A page', body: DeliveriesAnswer },
    async handle(service, request) {
      const query = request.query as DeliveriesQuery // as the schema says
      const place = placeOf(query)
      const { items, total } = await find(service, query, place)
      return pageAnswer(place, { items: await attemptViews(service, items), total })
    },
  }),
]

const mostOfEvent = 1_000

async function find(
  { attempts }: Pick<Service, 'attempts'>,
  { status, eventId }: DeliveriesQuery,
  place: Place,
): Promise<PageOf<IngressAttempt>> {
  if (eventId === undefined) return attempts.list({ status, ...place })
  const ofEvent = await attempts.of(eventId.toLowerCase(), mostOfEvent)
  return cut(
    ofEvent.filter((attempt) => attempt.status === (status ?? attempt.status)),
    place,
  )
}
