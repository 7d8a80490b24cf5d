import { answer, type ConnectorRoute } from 'carabiner'
import { apiRoute, idIn } from '../api-route.ts'
import { change, findSubscription, revoke } from '../change.ts'
import type { SubscriptionsConfig } from '../config.ts'
import { answerOnce } from '../once.ts'
import { nextCursor } from '../responses.ts'
import {
  ListQuery,
  PatchBody,
  RevokedAnswer,
  SubscriptionAnswer,
  SubscriptionPath,
  SubscriptionsAnswer,
  UpsertBody,
} from '../schemas/subscription.ts'
import { rfc3339, viewOf } from '../subscription.ts'
import { upsert } from '../upsert.ts'

const tags = ['subscriptions']
const path = '/v1/webhooks/subscriptions'
const onePath = `${path}/:subscription_id`
const oneSubscription = { description: 'The subscription as it is now', body: SubscriptionAnswer }

export const subscriptionRoutes: readonly ConnectorRoute<SubscriptionsConfig>[] = [
  apiRoute({
    method: 'POST',
    path,
    scope: 'subscriptions:write',
    operation: {
      id: 'upsertWebhookSubscription',
      summary: 'Subscribe a URL to event types, or change its subscription',
      description:
        'There is one subscription for each owner and `callback_url`. The secret is kept when none is given.',
      tags,
    },
    body: UpsertBody,
    success: oneSubscription,
    refusals: [409],
    isKeyed: true,
    handle: (call) =>
      // As the schema says.
      answerOnce(call, (keep) => upsert(call, call.request.body as UpsertBody, keep)),
  }),
  apiRoute({
    method: 'GET',
    path,
    scope: 'read',
    operation: {
      id: 'listWebhookSubscriptions',
      summary: 'List the subscriptions of an owner, newest first',
      tags,
    },
    query: ListQuery,
    success: { description: 'A page', body: SubscriptionsAnswer, headers: nextCursor },
    async handle({ service, owner, request }) {
      const query = request.query as ListQuery // as the schema says
      const listed = await service.subscriptions.list({
        owner,
        includeInactive: query.include_inactive ?? false,
        limit: query.limit ?? 100,
        cursor: query.cursor,
      })
      const headers = listed.nextCursor === null ? {} : { 'x-next-cursor': listed.nextCursor }
      return answer({ ok: true, subscriptions: listed.subscriptions.map(viewOf) }, { headers })
    },
  }),
  apiRoute({
    method: 'GET',
    path: onePath,
    scope: 'read',
    operation: { id: 'getWebhookSubscription', summary: 'Show one subscription', tags },
    params: SubscriptionPath,
    success: oneSubscription,
    refusals: [404],
    async handle(call) {
      const subscription = await findSubscription(call, idIn(call, 'subscription_id'))
      return answer({ ok: true, subscription: viewOf(subscription) })
    },
  }),
  apiRoute({
    method: 'PATCH',
    path: onePath,
    scope: 'subscriptions:write',
    operation: {
      id: 'updateWebhookSubscription',
      summary: 'Change what is named of one subscription',
      tags,
    },
    params: SubscriptionPath,
    body: PatchBody,
    success: oneSubscription,
    refusals: [404, 409],
    async handle(call) {
      const body = call.request.body as PatchBody // as the schema says
      const subscription = await change(call, idIn(call, 'subscription_id'), body)
      return answer({ ok: true, subscription: viewOf(subscription) })
    },
  }),
  apiRoute({
    method: 'DELETE',
    path: onePath,
    scope: 'subscriptions:write',
    operation: {
      id: 'deleteWebhookSubscription',
      summary: 'Revoke a subscription: deliveries that wait for it are cancelled',
      description: 'A second time answers the same.',
      tags,
    },
    params: SubscriptionPath,
    success: { description: 'It is revoked', body: RevokedAnswer },
    refusals: [404],
    async handle(call) {
      const { id, revokedAt, updatedAt } = await revoke(call, idIn(call, 'subscription_id'))
      const revoked_at = rfc3339(revokedAt ?? updatedAt)
      return answer({ ok: true, subscription_id: id, revoked_at })
    },
  }),
]
