import type { CommandContext, ConnectorCommand, EndpointState } from 'carabiner'
import type { WebhookConfig } from '../config.ts'
import { listOf } from '../webhook.ts'
import { webhooksOf } from './named-webhook.ts'

/** `carabiner webhooks list` */
export const list: ConnectorCommand<readonly WebhookConfig[]> = {
  name: 'list',
  description: 'Lists the webhooks and how their endpoints do',
  run: listWebhooks,
}

const columns = [
  'name',
  'events',
  'channels',
  'url',
  'circuit',
  'lastSuccessAt',
  'lastError',
  'paused',
]

async function listWebhooks(context: CommandContext<readonly WebhookConfig[]>): Promise<number> {
  await using store = await context.openStore()
  const webhooks = webhooksOf(context)
  const found = await store.endpointStates(webhooks.map(({ id }) => id))
  const states = new Map(found.map((state) => [state.endpoint, state]))
  const rows = webhooks.map((webhook) => {
    const config = context.config[webhook.index]
    return {
      name: webhook.name,
      events: listOf(config?.events),
      channels: webhook.channels,
      url: maskedUrl(webhook.endpoint.url),
      mode: webhook.before.length > 0 ? webhook.decision.mode : null,
      ...stateOf(states.get(webhook.id)),
    }
  })
  context.table(context.json ? rows : rows.map(readable), columns)
  return 0
}

function stateOf(state: EndpointState | undefined): Readonly<Record<string, unknown>> {
  return {
    circuit: state?.circuit ?? 'closed',
    lastSuccessAt: iso(state?.lastSuccessAt),
    lastError: state?.lastError ?? null,
    lastErrorAt: iso(state?.lastErrorAt),
    paused: iso(state?.pausedUntil),
    disabled: state?.disabledReason ?? null,
  }
}

/** The row of a person: lists in a line, and a disabled endpoint where they look for a paused one. */
function readable(row: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const texts = Object.entries(row).map(([column, value]) => [column, cell(value)])
  const disabled = row['disabled'] === null ? {} : { paused: `disabled: ${row['disabled']}` }
  return { ...Object.fromEntries(texts), ...disabled }
}

function cell(value: unknown): string {
  if (Array.isArray(value)) return value.join(', ')
  return value === null ? '' : String(value)
}

/** Query values of a URL are often credentials. */
function maskedUrl(text: string): string {
  const url = new URL(text)
  for (const name of [...url.searchParams.keys()]) url.searchParams.set(name, '••••')
  return url.href.replaceAll(encodeURIComponent('••••'), '••••')
}

function iso(utcMs: number | null | undefined): string | null {
  return utcMs === null || utcMs === undefined ? null : new Date(utcMs).toISOString()
}
