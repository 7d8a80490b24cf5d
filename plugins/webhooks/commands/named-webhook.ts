import { CarabinerError, type CommandContext, suggestion } from 'carabiner'
import type { WebhookConfig } from '../config.ts'
import { resolveWebhooks, type Webhook } from '../webhook.ts'

type Context = CommandContext<readonly WebhookConfig[]>

/** The webhooks of the stanza that the command stands under. */
export function webhooksOf({ id, config, events }: Context): readonly Webhook[] {
  return resolveWebhooks(id, config, events)
}

/** The webhook of that name. @throws {CarabinerError} USAGE with the likeliest one when there is none */
export function namedWebhook(context: Context, argument: Context['args'][number]): Webhook {
  const name = typeof argument === 'string' ? argument : ''
  const webhooks = webhooksOf(context)
  const found = webhooks.find((webhook) => webhook.name === name || webhook.id === name)
  if (found !== undefined) return found

  const names = webhooks.map((webhook) => webhook.name)
  const known = names.length === 0 ? 'there is none' : `there are ${names.join(', ')}`
  throw new CarabinerError('USAGE', `no webhook \`${name}\`${suggestion(name, names)}; ${known}`)
}
