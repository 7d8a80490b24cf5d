import { type ConnectorCommand, textOption, usageError } from 'carabiner'
import type { SubscriptionsConfig } from '../config.ts'
import { deliveryView } from '../delivery-list.ts'
import { messagesOf, type PublishedEvent } from '../event.ts'
import { type EventView, eventView } from '../event-view.ts'
import type { Service } from '../service.ts'
import { withService } from './call.ts'
import { namedEvents } from './named.ts'
import { type Context, firstArgument, limitOption, ownerOption, rangeOptions } from './options.ts'
import { standing } from './print.ts'
import { tellingRefusals } from './refusals.ts'

/** `carabiner subscriptions events [ID]` */
export const events: ConnectorCommand<SubscriptionsConfig> = {
  name: 'events',
  description: 'Lists what was published, newest first; or shows one event with its deliveries',
  arguments: [{ syntax: '[id]', description: 'one event' }],
  options: [
    { flags: '--show <id>', description: 'the same' },
    { flags: '--owner <owner>', description: 'only what this owner published' },
    { flags: '--type <type>', description: 'only events of this type' },
    {
      flags: '--from <time>',
      description: 'accepted at or after: RFC 3339, or a duration ago (2h)',
    },
    { flags: '--to <time>', description: 'accepted before' },
    { flags: '--limit <n>', description: 'at most so many (default: 100)' },
  ],
  run: tellingRefusals(showEvents),
}

async function showEvents(context: Context): Promise<number> {
  const id = idOf(context)
  return id === undefined ? listEvents(context) : showEvent(context, id)
}

function idOf(context: Context): string | undefined {
  const argument = firstArgument(context)
  const option = textOption(context, 'show')
  if (argument !== undefined && option !== undefined) throw usageError('expected one event')
  const id = argument ?? option
  const others = ['type', 'from', 'to', 'limit'].filter((name) => textOption(context, name))
  if (id !== undefined && others.length > 0)
    throw usageError(`expected either an event or --${others.join(', --')}`)
  return id
}

async function listEvents(context: Context): Promise<number> {
  const limit = limitOption(context)
  const range = {
    owner: ownerOption(context),
    type: textOption(context, 'type'),
    ...rangeOptions(context),
  }
  return withService(context, async (service) => {
    const found: PublishedEvent[] = []
    let isMore = false
    for await (const event of service.events.walk(range, 'descending')) {
      isMore = found.length === limit
      if (isMore) break
      found.push(event)
    }
    const views = await viewsOf(service, found)
    context.table(context.json ? views : views.map(readable), columns)
    if (isMore) context.say(`more: raise --limit ${limit}, or narrow the range`)
    return 0
  })
}

const columns = ['id', 'owner', 'type', 'source', 'acceptedAt', 'deliveries', 'replayedAt']

/** So many are looked at at once. */
const viewsAtOnce = 50

async function viewsOf(
  service: Service,
  found: readonly PublishedEvent[],
): Promise<readonly Readonly<Record<string, unknown> & EventView>[]> {
  const views: (Record<string, unknown> & EventView)[] = []
  for (let at = 0; at < found.length; at += viewsAtOnce) {
    const some = found.slice(at, at + viewsAtOnce)
    const read = await Promise.all(some.map((event) => eventView(service, event)))
    views.push(...read.map((view) => ({ ...view })))
  }
  return views
}

function readable(view: EventView): Readonly<Record<string, unknown>> {
  return {
    id: view.event_id,
    owner: view.owner_agent,
    type: view.event_type,
    source: view.source,
    acceptedAt: view.occurred_at,
    deliveries: standing(view),
    replayedAt: view.replayed_at,
  }
}

async function showEvent(context: Context, id: string): Promise<number> {
  const owner = ownerOption(context)
  return withService(context, async (service) => {
    for (const event of await namedEvents(service, [id], owner)) {
      const view = await eventView(service, event)
      const deliveries = await deliveriesOf(service, event)
      if (context.json) context.print(JSON.stringify({ ...view, deliveries }, null, 2))
      else printEvent(context, { view, event, deliveries })
    }
    return 0
  })
}

type DeliveryRow = ReturnType<typeof deliveryView> & Readonly<Record<string, unknown>>

async function deliveriesOf(
  { scope }: Service,
  event: PublishedEvent,
): Promise<readonly DeliveryRow[]> {
  const deliveries: DeliveryRow[] = []
  const filter = { messageIds: messagesOf(event), limit: 1_000 }
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await scope.store.deliveries({ ...filter, ...(cursor && { cursor }) })
    deliveries.push(...page.rows.map((row) => ({ ...deliveryView(row, event.id) })))
    cursor = page.nextCursor
  }
  return deliveries
}

interface ShownEvent {
  readonly view: EventView
  readonly event: PublishedEvent
  readonly deliveries: readonly DeliveryRow[]
}

function printEvent(context: Context, { view, event, deliveries }: ShownEvent): void {
  const { id: _id, ...told } = readable(view)
  const payload = event.payload ?? `erased ${view.erased_at}`
  context.print(event.id)
  for (const [name, value] of Object.entries({ ...told, payload }))
    context.print(`${name.padEnd(12)}${value ?? '-'}`)
  context.table(deliveries, deliveryColumns)
}

const deliveryColumns = [
  'delivery_id',
  'subscription_id',
  'status',
  'attempts',
  'created_at',
  'settled_at',
  'last_error',
]
