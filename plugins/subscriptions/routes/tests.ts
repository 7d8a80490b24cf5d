import type { ConnectorRoute } from 'carabiner'
import { apiRoute, idIn } from '../api-route.ts'
import type { SubscriptionsConfig } from '../config.ts'
import { answerOnce } from '../once.ts'
import { ping } from '../ping.ts'
import { TestedAnswer } from '../schemas/delivery.ts'
import { Nothing } from '../schemas/fields.ts'
import { SubscriptionPath } from '../schemas/subscription.ts'

export const testRoutes: readonly ConnectorRoute<SubscriptionsConfig>[] = [
  apiRoute({
    method: 'POST',
    path: '/v1/webhooks/subscriptions/:subscription_id/test',
    scope: 'subscriptions:write',
    operation: {
      id: 'testWebhookSubscription',
      summary: 'Send a test event to one subscription, and tell what came of its first attempt',
      description: 'It is of the type `webhook.test` and is delivered like any other.',
      tags: ['subscriptions'],
    },
    params: SubscriptionPath,
    body: Nothing,
    success: { description: 'It was sent, or will be', body: TestedAnswer },
    refusals: [404, 409],
    isKeyed: true,
    handle: (call) => answerOnce(call, (keep) => ping(call, idIn(call, 'subscription_id'), keep)),
  }),
]
