import type { ConnectorCommand } from 'carabiner'
import { revoke as revokeSubscription } from '../change.ts'
import type { SubscriptionsConfig } from '../config.ts'
import { viewOf } from '../subscription.ts'
import { callFor, withService } from './call.ts'
import { namedSubscription } from './named.ts'
import type { Context } from './options.ts'
import { print } from './print.ts'
import { tellingRefusals } from './refusals.ts'

/** `carabiner subscriptions revoke ID` */
export const revoke: ConnectorCommand<SubscriptionsConfig> = {
  name: 'revoke',
  description: 'Ends a subscription: what waits for it is cancelled',
  arguments: [{ syntax: '<id>', description: 'the subscription' }],
  options: [{ flags: '--owner <owner>', description: 'only if it is of this owner' }],
  run: tellingRefusals(revokeNamed),
}

async function revokeNamed(context: Context): Promise<number> {
  return withService(context, async (service) => {
    const { id, owner } = await namedSubscription(context, service)
    const subscription = viewOf(await revokeSubscription(callFor(service, owner), id))
    print(context, subscription, `${id}: revoked ${subscription.revoked_at}`)
    return 0
  })
}
