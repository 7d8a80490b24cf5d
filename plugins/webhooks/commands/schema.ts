import { type CommandContext, type ConnectorCommand, inDraft2020 } from 'carabiner'
import type { WebhookConfig } from '../config.ts'
import { exampleOf } from '../example-value.ts'
import { bodySchema, type CallbackShare, defaultContentType } from '../request.ts'
import { type HookArgument, hookArgument } from './hook-argument.ts'
import { webhooksOf } from './named-webhook.ts'
import { schemaErrors } from './schema-errors.ts'

/** `carabiner webhooks schema HOOK` */
export const schema: ConnectorCommand<readonly WebhookConfig[]> = {
  name: 'schema',
  description: 'Prints the content type and the JSON Schema of the body that a hook sends',
  arguments: [{ syntax: '<hook>', description: 'before:EVENT or after:EVENT' }],
  options: [{ flags: '--example', description: 'print a body that validates instead' }],
  run: printSchema,
}

async function printSchema(context: CommandContext<readonly WebhookConfig[]>): Promise<number> {
  const hook = hookArgument(context)
  const { phase, event } = hook
  const bodySignature = bodySchema(phase, event, callbackShare(context, hook))
  if (context.options['example'] === true) return printExample(context, bodySignature)

  const contentType = defaultContentType(phase, event.name)
  const published = inDraft2020(bodySignature)
  if (context.json) context.print(pretty({ contentType, schema: published }))
  else context.print(`Content-Type: ${contentType}\n\n${pretty(published)}`)
  return 0
}

/** Bodies hand out callbacks where the assembly's webhooks on this hook leave the decision to one. */
function callbackShare(
  context: CommandContext<readonly WebhookConfig[]>,
  { phase, event }: HookArgument,
): CallbackShare {
  if (phase === 'after') return 'none'
  const asked = webhooksOf(context).filter(({ before }) =>
    before.some(({ name }) => name === event.name),
  )
  const byCallback = asked.filter(({ decision }) => decision.expiresMs !== undefined)
  if (byCallback.length === 0) return 'none'
  return byCallback.length === asked.length ? 'all' : 'some'
}

async function printExample(
  context: CommandContext<readonly WebhookConfig[]>,
  bodySignature: ReturnType<typeof bodySchema>,
): Promise<number> {
  const body = exampleOf(bodySignature)
  const [problem] = await schemaErrors(bodySignature, body)
  if (problem !== undefined) {
    const place = problem.instancePath || '/'
    context.say(
      `no example can be guessed: ${place} ${problem.message}; give the event's schema \`examples\` there`,
    )
    return 1
  }
  context.print(pretty(body))
  return 0
}

function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2)
}
