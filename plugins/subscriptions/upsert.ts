import { newId } from 'carabiner'
import type { Call } from './call.ts'
import { commitSubscription, inItsTurn, welcome } from './commit.ts'
import type { AnswerWith, Keep } from './once.ts'
import { checkReceiver } from './receiver.ts'
import type { UpsertBody } from './schemas/subscription.ts'
import {
  type HeldSecret,
  type Subscription,
  type SubscriptionView,
  viewOf,
} from './subscription.ts'
import { urlEntry } from './subscription-record.ts'
import { unfitBody } from './surface.ts'

/**
 * Subscribes a URL, or changes the subscription it has. A revoked one is no subscription any more: the URL gets a new one.
 *
 * @throws {RouteError} 422
 */
export async function upsert(
  call: Call,
  body: UpsertBody,
  keep: Keep,
): Promise<AnswerWith<{ readonly subscription: SubscriptionView }>> {
  const { service, owner } = call
  checkReceiver(service, body)

  return inItsTurn(service, urlEntry(owner, body.callback_url), async () => {
    const known = await service.subscriptions.at(owner, body.callback_url)
    const subscription = subscribed(known ?? fresh(call, body.callback_url), body, call)
    if (service.scope.config.require_secret && subscription.secrets.length === 0) {
      throw unfitBody('/secret', 'a subscription must have a secret here', 'required')
    }
    if (known !== undefined && subscription.active) await welcome(service, known.id)
    const answer = { status: 200, body: { ok: true, subscription: viewOf(subscription) } }
    await commitSubscription(
      call,
      subscription,
      known === undefined ? 'subscription.created' : 'subscription.updated',
      keep === undefined ? [] : [keep(answer)],
    )
    return answer
  })
}

function fresh({ service, owner }: Call, callbackUrl: string): Subscription {
  const now = service.scope.clock.now()
  return {
    id: newId(),
    version: 0,
    owner,
    callbackUrl,
    eventTypes: [],
    active: true,
    description: null,
    secrets: [],
    createdAt: now,
    updatedAt: now,
    revokedAt: null,
  }
}

/** As the body says; the secret stays unless there is a new one. */
function subscribed(
  subscription: Subscription,
  { event_types: eventTypes, active = true, description, secret }: UpsertBody,
  { service }: Call,
): Subscription {
  return {
    ...subscription,
    eventTypes: [...new Set(eventTypes)],
    active,
    description: description ?? null,
    secrets: secretsAfter(subscription.secrets, secret),
    updatedAt: service.scope.clock.now(),
  }
}

/** Another secret takes the place of all before it, at once: `rotate-secret` is for those who want both to be valid for a while. */
function secretsAfter(
  secrets: readonly HeldSecret[],
  secret: string | undefined,
): readonly HeldSecret[] {
  if (secret === undefined || secrets[0]?.secret === secret) return secrets
  return [{ secret, until: null }]
}
