import type { ConnectorRoute } from 'carabiner'
import { apiRoute, idIn } from '../api-route.ts'
import { findSubscription } from '../change.ts'
import type { SubscriptionsConfig } from '../config.ts'
import { listDeliveries } from '../delivery-list.ts'
import { findEvent } from '../replay.ts'
import { nextCursor } from '../responses.ts'
import { DeliveriesAnswer, DeliveriesQuery } from '../schemas/delivery.ts'
import { EventPath } from '../schemas/event.ts'
import { SubscriptionPath } from '../schemas/subscription.ts'

const tags = ['deliveries']
const page = { description: 'A page, newest first', body: DeliveriesAnswer, headers: nextCursor }

export const deliveryRoutes: readonly ConnectorRoute<SubscriptionsConfig>[] = [
  apiRoute({
    method: 'GET',
    path: '/v1/webhooks/events/:event_id/deliveries',
    scope: 'read',
    operation: {
      id: 'listWebhookEventDeliveries',
      summary: 'List the deliveries of an event and of its last 99 replays',
      tags,
    },
    params: EventPath,
    query: DeliveriesQuery,
    success: page,
    refusals: [404],
    async handle(call) {
      const event = await findEvent(call, idIn(call, 'event_id'))
      return listDeliveries(call, { event })
    },
  }),
  apiRoute({
    method: 'GET',
    path: '/v1/webhooks/subscriptions/:subscription_id/deliveries',
    scope: 'read',
    operation: {
      id: 'listWebhookSubscriptionDeliveries',
      summary: 'List the deliveries to a subscription',
      tags,
    },
    params: SubscriptionPath,
    query: DeliveriesQuery,
    success: page,
    refusals: [404],
    async handle(call) {
      const subscription = await findSubscription(call, idIn(call, 'subscription_id'))
      return listDeliveries(call, { subscription })
    },
  }),
]
