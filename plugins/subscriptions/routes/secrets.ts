import type { ConnectorRoute } from 'carabiner'
import { apiRoute, idIn } from '../api-route.ts'
import type { SubscriptionsConfig } from '../config.ts'
import { answerOnce } from '../once.ts'
import { rotate } from '../rotate.ts'
import { RotateBody, RotatedAnswer, SubscriptionPath } from '../schemas/subscription.ts'

export const secretRoutes: readonly ConnectorRoute<SubscriptionsConfig>[] = [
  apiRoute({
    method: 'POST',
    path: '/v1/webhooks/subscriptions/:subscription_id/rotate-secret',
    scope: 'subscriptions:write',
    operation: {
      id: 'rotateWebhookSubscriptionSecret',
      summary: 'Give a subscription a new secret; the old one signs beside it for a while',
      tags: ['subscriptions'],
    },
    params: SubscriptionPath,
    body: RotateBody,
    success: { description: 'The new secret signs first', body: RotatedAnswer },
    refusals: [404, 409],
    isKeyed: true,
    handle: (call) =>
      answerOnce(call, (keep) => {
        const body = call.request.body as RotateBody | undefined // as the schema says; there may be none
        return rotate(call, idIn(call, 'subscription_id'), body ?? {}, keep)
      }),
  }),
]
