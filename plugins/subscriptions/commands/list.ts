import type { ConnectorCommand } from 'carabiner'
import type { SubscriptionsConfig } from '../config.ts'
import { type Subscription, viewOf } from '../subscription.ts'
import { withService } from './call.ts'
import { type Context, limitOption, ownerOption } from './options.ts'
import { tellingRefusals } from './refusals.ts'

/** `carabiner subscriptions list` */
export const list: ConnectorCommand<SubscriptionsConfig> = {
  name: 'list',
  description: 'Lists subscriptions, each owner’s newest first',
  options: [
    { flags: '--owner <owner>', description: 'only those of this owner' },
    { flags: '--all', description: 'those that are not active, and revoked ones, too' },
    { flags: '--limit <n>', description: 'at most so many (default: 100)' },
  ],
  run: tellingRefusals(listSubscriptions),
}

async function listSubscriptions(context: Context): Promise<number> {
  const limit = limitOption(context)
  const owner = ownerOption(context)
  const includeInactive = context.options['all'] === true
  return withService(context, async ({ subscriptions }) => {
    const found: Subscription[] = []
    let isMore = false
    for await (const subscription of subscriptions.walk({ owner, includeInactive })) {
      isMore = found.length === limit
      if (isMore) break
      found.push(subscription)
    }
    const rows = found.map((each) => ({ ...viewOf(each) }))
    context.table(context.json ? rows : rows.map(readable), columns)
    if (isMore) context.say(`more: raise --limit ${limit}, or name an owner`)
    return 0
  })
}

const columns = ['id', 'owner', 'url', 'types', 'state', 'secret', 'createdAt', 'description']

function readable(view: ReturnType<typeof viewOf>): Readonly<Record<string, unknown>> {
  const state = view.active ? 'active' : 'inactive'
  return {
    id: view.subscription_id,
    owner: view.owner_agent,
    url: view.callback_url,
    types: view.event_types,
    state: view.revoked_at === null ? state : `revoked ${view.revoked_at}`,
    secret: view.secret_hint,
    createdAt: view.created_at,
    description: view.description,
  }
}
