import { type CommandContext, type ConnectorCommand, enableEndpoint, systemClock } from 'carabiner'
import type { WebhookConfig } from '../config.ts'
import { namedWebhook } from './named-webhook.ts'

/** `carabiner webhooks enable NAME` */
export const enable: ConnectorCommand<readonly WebhookConfig[]> = {
  name: 'enable',
  description: 'Ends a pause, enables what a 410 disabled, and closes the circuit',
  arguments: [{ syntax: '<name>', description: 'the webhook' }],
  run: enableWebhook,
}

async function enableWebhook(context: CommandContext<readonly WebhookConfig[]>): Promise<number> {
  const webhook = namedWebhook(context, context.args[0])

  await using store = await context.openStore()
  await enableEndpoint(store, systemClock, webhook.id, 'cli')
  const { name } = webhook
  context.print(context.json ? JSON.stringify({ name, enabled: true }) : `${name} is enabled`)
  return 0
}
