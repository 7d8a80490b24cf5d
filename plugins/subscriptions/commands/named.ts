import { usageError } from 'carabiner'
import type { PublishedEvent } from '../event.ts'
import type { Service } from '../service.ts'
import type { Subscription } from '../subscription.ts'
import { type Context, firstArgument, ownerOption } from './options.ts'

/** The subscription that a command names; of another owner than `--owner`: as if there were none. @throws {CarabinerError} USAGE */
export async function namedSubscription(
  context: Context,
  { subscriptions }: Pick<Service, 'subscriptions'>,
): Promise<Subscription> {
  const id = (firstArgument(context) ?? '').toLowerCase()
  const owner = ownerOption(context)
  const [found] = await subscriptions.byId([id])
  if (found !== undefined && (owner ?? found.owner) === found.owner) return found
  throw usageError(`no subscription \`${id}\`${owner === undefined ? '' : ` of ${owner}`}`)
}

/** Events by their ids, all of them. @throws {CarabinerError} USAGE for those there are not, or `owner` does not have */
export async function namedEvents(
  { events }: Pick<Service, 'events'>,
  ids: readonly string[],
  owner: string | undefined,
): Promise<readonly PublishedEvent[]> {
  const wanted = [...new Set(ids.map((id) => id.toLowerCase()))]
  const known = (await events.byId(wanted)).filter((event) => event !== undefined)
  const found = known.filter((event) => (owner ?? event.owner) === event.owner)
  const missing = wanted.filter((id) => !found.some((event) => event.id === id))
  if (missing.length === 0) return found
  const whose = owner === undefined ? '' : ` of ${owner}`
  throw usageError(`no event${whose} ${missing.map((id) => `\`${id}\``).join(', ')}`)
}
