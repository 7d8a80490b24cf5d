import {
  type ConnectorCommand,
  numberOption,
  textOption,
  timeOption,
  usageError,
  wordOption,
} from 'carabiner'
import { eventStatuses } from '../books/event.ts'
import { type EventListQuery, mostCounted } from '../books/event-book.ts'
import type { IngressConfig } from '../config.ts'
import { serviceOf } from '../service.ts'
import { type EventView, eventView } from '../views/event-view.ts'
import type { Context } from './options.ts'

/** `carabiner ingress events` */
export const events: ConnectorCommand<IngressConfig> = {
  name: 'events',
  description: 'Lists what came in, newest first',
  options: [
    { flags: '--provider <name>', description: 'only of this provider' },
    { flags: '--status <status>', description: `only those: ${eventStatuses.join(', ')}` },
    { flags: '--type <type>', description: 'only of this event type' },
    { flags: '--subject <text>', description: 'only those whose subject has this in it' },
    {
      flags: '--from <time>',
      description: 'occurred then or later: RFC 3339, or a duration ago (2h)',
    },
    { flags: '--to <time>', description: 'occurred then or before' },
    {
      flags: '--sort <by>',
      description: 'receivedAt, occurredAt, createdAt or status (default: receivedAt)',
    },
    { flags: '--order <order>', description: 'asc or desc (default: desc)' },
    { flags: '--page <n>', description: 'which page (default: 1)' },
    { flags: '--limit <n>', description: 'events of a page, at most 1000 (default: 20)' },
    {
      flags: '--exact-total',
      description: `counts all that --subject finds, also beyond ${written(mostCounted)}`,
    },
  ],
  run: listEvents,
}

async function listEvents(context: Context): Promise<number> {
  const query = queryOf(context)
  await using opened = await context.openScope()
  const service = serviceOf(opened.scope)
  const { items, total, totalIsExact = true } = await service.events.list(query)
  const views = items.map((each) => ({ ...eventView(service, each) }))
  context.table(context.json ? views : views.map(readable), columns)
  const next = query.offset + items.length
  if (items.length > 0 && (next < total || !totalIsExact)) {
    const all = totalIsExact ? `${total}` : `more than ${written(total)}`
    context.say(`${next} of ${all}; more: --page ${query.offset / query.limit + 2}`)
  }
  return 0
}

function written(count: number): string {
  return count.toLocaleString('en')
}

const sortings = ['receivedAt', 'occurredAt', 'createdAt', 'status'] as const
const mostPages = 1_000_000_000

/** @throws {CarabinerError} USAGE */
function queryOf(context: Context): EventListQuery {
  const limit = numberOption(context, 'limit', { fallback: 20, most: 1_000 })
  const page = numberOption(context, 'page', { fallback: 1, most: mostPages })
  const from = timeOption(context, 'from')
  const to = timeOption(context, 'to')
  if (from !== undefined && to !== undefined && from > to) {
    throw usageError('expected --to not earlier than --from')
  }
  return {
    provider: textOption(context, 'provider'),
    status: wordOption(context, 'status', eventStatuses),
    eventType: textOption(context, 'type'),
    subject: textOption(context, 'subject'),
    from,
    to,
    sortBy: wordOption(context, 'sort', sortings),
    sortOrder: wordOption(context, 'order', ['asc', 'desc']),
    total: context.options['exactTotal'] === true ? 'exact' : 'bounded',
    offset: (page - 1) * limit,
    limit,
  }
}

const columns = ['id', 'received', 'provider', 'type', 'subject', 'status', 'attempts', 'lastError']

function readable(view: EventView): Readonly<Record<string, unknown>> {
  return {
    id: view.id,
    received: view.receivedAt,
    provider: view.provider,
    type: view.eventType,
    subject: view.subject,
    status: view.status,
    attempts: view.processingAttempts,
    lastError: view.lastError,
  }
}
