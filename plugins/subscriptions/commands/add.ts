import { type ConnectorCommand, textOption, usageError } from 'carabiner'
import type { SubscriptionsConfig } from '../config.ts'
import { UpsertBody } from '../schemas/subscription.ts'
import { upsert } from '../upsert.ts'
import { callFor, withService } from './call.ts'
import { type Context, firstArgument, readText, requiredOwner } from './options.ts'
import { print } from './print.ts'
import { checkBody, tellingRefusals } from './refusals.ts'

/** `carabiner subscriptions add URL --owner O --types T,…` */
export const add: ConnectorCommand<SubscriptionsConfig> = {
  name: 'add',
  description: 'Subscribes a URL to event types, or changes the subscription it has',
  arguments: [{ syntax: '<url>', description: 'where events are sent' }],
  options: [
    { flags: '--owner <owner>', description: 'whose events, such as agent://acme/ops' },
    {
      flags: '--types <types>',
      description: 'event types, such as inbox.thread_created,invite.* or *',
      repeatable: true,
    },
    {
      flags: '--secret <secret>',
      description: 'signs what is sent: the text, @FILE or - (default: the one it has, if any)',
    },
    { flags: '--description <text>', description: 'what people call it' },
    { flags: '--inactive', description: 'it gets nothing until it is added without this' },
  ],
  run: tellingRefusals(addSubscription),
}

async function addSubscription(context: Context): Promise<number> {
  const owner = requiredOwner(context)
  const body = await bodyOf(context)
  checkBody(UpsertBody, body)

  return withService(context, async (service) => {
    const answer = await upsert(callFor(service, owner), body, undefined)
    const { subscription } = answer.body
    const { subscription_id: id, event_types: types, active, secret_hint: hint } = subscription
    const gets = active ? 'gets' : 'would get, were it active,'
    print(context, subscription, `${id}: ${body.callback_url} ${gets} ${types.join(', ')}`)
    if (hint === null) context.say('without --secret, what is sent to it is not signed')
    return 0
  })
}

async function bodyOf(context: Context): Promise<UpsertBody> {
  const secret = textOption(context, 'secret')
  const description = textOption(context, 'description')
  return {
    callback_url: firstArgument(context) ?? '',
    event_types: typesOf(context.options['types']),
    active: context.options['inactive'] !== true,
    ...(secret !== undefined && { secret: await readText(context, secret) }),
    ...(description !== undefined && { description }),
  }
}

function typesOf(option: Context['options'][string]): readonly string[] {
  const given = Array.isArray(option) ? option.join(',') : ''
  if (given === '')
    throw usageError('expected --types, such as --types inbox.thread_created,invite.*')
  return given.split(',').map((type) => type.trim())
}
