import { type ConnectorCommand, textOption } from 'carabiner'
import type { SubscriptionsConfig } from '../config.ts'
import { withSecret } from '../generated-secret.ts'
import { rotate } from '../rotate.ts'
import { RotateBody } from '../schemas/subscription.ts'
import { callFor, withService } from './call.ts'
import { namedSubscription } from './named.ts'
import { type Context, readText } from './options.ts'
import { print } from './print.ts'
import { checkBody, tellingRefusals } from './refusals.ts'

/** `carabiner subscriptions rotate-secret ID` */
export const rotateSecret: ConnectorCommand<SubscriptionsConfig> = {
  name: 'rotate-secret',
  description: 'Gives a subscription a new secret; the old one signs beside it for a while',
  arguments: [{ syntax: '<id>', description: 'the subscription' }],
  options: [
    { flags: '--owner <owner>', description: 'only if it is of this owner' },
    {
      flags: '--secret <secret>',
      description: 'the text, @FILE or - (default: one is made, and printed once)',
    },
    { flags: '--grace <duration>', description: 'how long the old one signs too (default: 24h)' },
  ],
  run: tellingRefusals(rotateNamed),
}

async function rotateNamed(context: Context): Promise<number> {
  const body = await bodyOf(context)
  checkBody(RotateBody, body)

  return withService(context, async (service) => {
    const { id, owner } = await namedSubscription(context, service)
    const call = callFor(service, owner)
    const rotated = await rotate(call, id, body, undefined)
    await service.family.noticed()
    const { subscription, secret } = await withSecret(call, id, rotated.body)
    const told = `${id}: the new secret signs first${besideIt(body)}`
    print(context, { subscription, ...(secret !== undefined && { secret }) }, secret ?? told)
    if (secret !== undefined && !context.json) {
      context.say(told)
      context.say('keep the secret above: it is not shown again')
    }
    return 0
  })
}

function besideIt({ grace = '24h' }: RotateBody): string {
  const duration = typeof grace === 'number' ? `${grace} s` : grace
  return grace === 0 ? '' : `, the old one beside it for ${duration}`
}

async function bodyOf(context: Context): Promise<RotateBody> {
  const secret = textOption(context, 'secret')
  const grace = textOption(context, 'grace')
  return {
    ...(secret !== undefined && { secret: await readText(context, secret) }),
    // As in JSON, a number is of seconds.
    ...(grace !== undefined && { grace: /^\d+$/.test(grace) ? Number(grace) : grace }),
  }
}
