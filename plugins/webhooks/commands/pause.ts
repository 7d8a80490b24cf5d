import {
  CarabinerError,
  type CommandContext,
  type ConnectorCommand,
  parseDuration,
  pauseEndpoint,
  systemClock,
} from 'carabiner'
import type { WebhookConfig } from '../config.ts'
import { namedWebhook } from './named-webhook.ts'

/** `carabiner webhooks pause NAME --for D` */
export const pause: ConnectorCommand<readonly WebhookConfig[]> = {
  name: 'pause',
  description: 'Sends nothing to a webhook for a while; what it is owed waits in the store',
  arguments: [{ syntax: '<name>', description: 'the webhook' }],
  options: [{ flags: '--for <duration>', description: 'how long, such as 30m or 1h' }],
  run: pauseWebhook,
}

async function pauseWebhook(context: CommandContext<readonly WebhookConfig[]>): Promise<number> {
  const webhook = namedWebhook(context, context.args[0])
  if (webhook.after.length === 0 && webhook.channels.length === 0)
    throw nothingToPause(webhook.name)
  const until = systemClock.now() + durationOf(context.options['for'])

  await using store = await context.openStore()
  await pauseEndpoint(store, systemClock, webhook.id, until, 'cli')
  const pausedUntil = new Date(until).toISOString()
  const { name } = webhook
  context.print(
    context.json ? JSON.stringify({ name, pausedUntil }) : `${name} is paused until ${pausedUntil}`,
  )
  return 0
}

function nothingToPause(name: string): CarabinerError {
  const advice = 'set `mode: off` to have events go on without it'
  return new CarabinerError(
    'USAGE',
    `\`${name}\` is only asked before events, and owed nothing: ${advice}`,
  )
}

function durationOf(option: CommandContext['options'][string]): number {
  if (typeof option !== 'string') {
    throw new CarabinerError('USAGE', 'expected --for and a duration, such as --for 1h')
  }
  try {
    return parseDuration(option, { bareSeconds: true })
  } catch (error) {
    if (!(error instanceof CarabinerError)) throw error
    throw new CarabinerError('USAGE', `--for: ${error.message}`, { cause: error })
  }
}
