import { RecordConflictError } from 'carabiner'
import type { Call } from './call.ts'
import { commitSubscription, inItsTurn, welcome } from './commit.ts'
import { foundOrRefused } from './not-found.ts'
import { checkReceiver } from './receiver.ts'
import type { PatchBody } from './schemas/subscription.ts'
import type { Subscription } from './subscription.ts'
import { refusal } from './surface.ts'

/** A subscription of the caller's owner, revoked or not. @throws {RouteError} 404 */
export function findSubscription(
  { service, owner }: Pick<Call, 'service' | 'owner'>,
  id: string,
): Promise<Subscription> {
  const looking = service.subscriptions.find(owner, id)
  return foundOrRefused(service.scope.clock, looking, {
    code: 'subscription_not_found',
    message: 'subscription not found',
  })
}

/** One that is still to be changed. @throws {RouteError} 404, 409 */
export async function findUnrevoked(
  call: Pick<Call, 'service' | 'owner'>,
  id: string,
): Promise<Subscription> {
  const subscription = await findSubscription(call, id)
  if (subscription.revokedAt === null) return subscription
  throw refusal({
    status: 409,
    code: 'subscription_revoked',
    message: 'the subscription is revoked: subscribe the URL again',
  })
}

/** Changes what a body names of a subscription. @throws {RouteError} 404, 409, 422 */
export async function change(call: Call, id: string, body: PatchBody): Promise<Subscription> {
  const { service } = call
  checkReceiver(service, body)

  return inItsTurn(service, id, async () => {
    const known = await findUnrevoked(call, id)
    const subscription = changed(known, body, service.scope.clock.now())
    await refuseTakenUrl(call, subscription)
    if (body.active === true) await welcome(service, id)
    try {
      await commitSubscription(call, subscription, 'subscription.updated')
      return subscription
    } catch (error) {
      if (!(error instanceof RecordConflictError) || error.conflict !== 'unique') throw error
      throw urlTaken()
    }
  })
}

/** Ends a subscription: what waits for it is cancelled. A second time changes nothing. @throws {RouteError} 404 */
export function revoke(call: Call, id: string): Promise<Subscription> {
  return inItsTurn(call.service, id, async () => {
    const known = await findSubscription(call, id)
    if (known.revokedAt !== null) return known
    const now = call.service.scope.clock.now()
    // What signs for nobody any more is not kept.
    const subscription = { ...known, secrets: [], revokedAt: now, updatedAt: now }
    await commitSubscription(call, subscription, 'subscription.revoked')
    return subscription
  })
}

async function refuseTakenUrl(
  { service, owner }: Call,
  { id, callbackUrl }: Subscription,
): Promise<void> {
  const other = await service.subscriptions.at(owner, callbackUrl)
  if (other !== undefined && other.id !== id) throw urlTaken()
}

function changed(known: Subscription, body: PatchBody, now: number): Subscription {
  return {
    ...known,
    ...(body.callback_url !== undefined && { callbackUrl: body.callback_url }),
    ...(body.event_types !== undefined && { eventTypes: [...new Set(body.event_types)] }),
    ...(body.active !== undefined && { active: body.active }),
    ...(body.description !== undefined && { description: body.description }),
    updatedAt: now,
  }
}

function urlTaken(): Error {
  return refusal({
    status: 409,
    code: 'callback_url_taken',
    message: 'another subscription of this owner has this URL',
  })
}
