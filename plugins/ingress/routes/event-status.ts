import { answer, type ConnectorRoute } from 'carabiner'
import type { IngressConfig } from '../config.ts'
import { EventStatusAnswer } from '../schemas/event.ts'
import { IdPath } from '../schemas/fields.ts'
import { eventStatus } from '../views/event-detail.ts'
import { findEvent } from './events.ts'
import { idIn, type ManagementRoute, managementRoute } from './management-route.ts'

const shown = {
  method: 'GET',
  params: IdPath,
  success: { description: 'How it stands', body: EventStatusAnswer },
  refusals: [404],
  async handle(service, request) {
    return answer(await eventStatus(service, await findEvent(service, idIn(request))))
  },
} as const satisfies Partial<ManagementRoute>

const summary = 'Show how one event stands'

/** One thing under two names. */
export const eventStatusRoutes: readonly ConnectorRoute<IngressConfig>[] = [
  managementRoute({
    ...shown,
    path: '/events/:id/status',
    operation: { id: 'getEventStatus', summary },
  }),
  managementRoute({
    ...shown,
    path: '/processing-status/:id',
    operation: { id: 'getProcessingStatus', summary, description: 'The same as getEventStatus.' },
  }),
]
