import { answer, type ConnectorRoute } from 'carabiner'
import { type ApiCall, apiRoute, idIn } from '../api-route.ts'
import type { SubscriptionsConfig } from '../config.ts'
import { type GeneratedSecret, withSecret } from '../generated-secret.ts'
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
    async handle(call) {
      const id = idIn(call, 'subscription_id')
      const body = call.request.body as RotateBody | undefined // as the schema says; there may be none
      const rotated = await answerOnce(call, (keep) => rotate(call, id, body ?? {}, keep))
      // Whoever is answered may take the old secret away from a receiver: nothing leaves any more that it alone has signed.
      await call.service.family.noticed()
      return answer(await told(call, id, rotated.body), rotated)
    },
  }),
]

/** What is kept for a retry has no secret in it: it is put in whenever the answer is given. */
function told(call: ApiCall, id: string, body: unknown): unknown {
  return hasGenerated(body) ? withSecret(call, id, body) : body
}

function hasGenerated(body: unknown): body is GeneratedSecret {
  return typeof body === 'object' && body !== null && 'generated' in body
}
