import { CarabinerError, RecordConflictError, type RecordWrite, type Scope } from 'carabiner'
import { actorOf, type Call } from './call.ts'
import { endpointOf } from './endpoint.ts'
import type { Service } from './service.ts'
import type { Subscription } from './subscription.ts'
import { subscriptions, toRecord } from './subscription-record.ts'

/** What happened to a subscription, as the audit trail says it. */
export type SubscriptionAction =
  | 'subscription.created'
  | 'subscription.updated'
  | 'subscription.revoked'
  | 'subscription.secret_rotated'

/** Stores a subscription as it shall be, with its audit row and what else belongs to it, in one commit. */
export async function commitSubscription(
  { service, caller }: Pick<Call, 'service' | 'caller'>,
  subscription: Subscription,
  action: SubscriptionAction,
  beside: readonly RecordWrite[] = [],
): Promise<void> {
  const { id, owner, version } = subscription
  const expiry =
    subscription.revokedAt === null
      ? {}
      : { expiresAt: subscription.revokedAt + service.scope.retentionMs }
  await service.scope.deliveries.send([], {
    records: [{ ...toRecord(subscription), ...expiry }, ...beside],
    audit: [
      {
        entityType: 'subscription',
        entityId: id,
        action,
        actor: actorOf(caller),
        details: { owner, key: caller.id },
      },
    ],
  })
  if (version > 0) await makeKnown(service, id)
}

/** Who says that a subscription is active wants it to get events again, though its receiver has answered 410. @throws {CarabinerError} STORE_UNAVAILABLE */
export function welcome({ family }: Pick<Service, 'family'>, id: string): Promise<void> {
  return family.welcome(endpointOf(id))
}

/**
 * Changes one subscription: in its turn on this host, and again, on what is there by then, when another host was faster.
 *
 * @param which - the subscription's id, or what else tells it from others
 */
export function inItsTurn<T>(
  { turns }: Pick<Service, 'turns'>,
  which: string,
  work: () => Promise<T>,
): Promise<T> {
  return turns.take(which, () => unlessOvertaken(work))
}

async function unlessOvertaken<T>(work: () => Promise<T>): Promise<T> {
  for (let left = mostTries; ; left -= 1) {
    try {
      return await work()
    } catch (error) {
      if (left === 1 || !isOvertaken(error)) throw error
    }
  }
}

const mostTries = 20

function isOvertaken(error: unknown): boolean {
  return error instanceof RecordConflictError && error.collection === subscriptions
}

/** The change is stored. If the engine cannot look again now, it will by itself, before long. */
async function makeKnown({ family, scope }: Service, id: string): Promise<void> {
  try {
    await family.changed([endpointOf(id)])
  } catch (error) {
    if (!(error instanceof CarabinerError)) throw error
    logLate(scope, id, error)
  }
}

function logLate({ log }: Pick<Scope, 'log'>, subscription: string, error: CarabinerError): void {
  log.warn({ subscription, error: error.message }, 'a changed subscription is looked at later')
}
