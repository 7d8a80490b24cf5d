import {
  CarabinerError,
  type CommandContext,
  type CommandHost,
  type ConnectorCommand,
  type EndpointDefinition,
  newId,
  type OutboundMessage,
  retryPolicyOf,
  systemClock,
} from 'carabiner'
import { defaults, type WebhookConfig } from '../config.ts'
import { judge } from '../decision.ts'
import type { BodyForm } from '../request.ts'
import type { Webhook } from '../webhook.ts'
import { type HookArgument, hookArgument } from './hook-argument.ts'
import { namedWebhook, webhooksOf } from './named-webhook.ts'
import { prepareRequest } from './trigger-request.ts'
import { exitCodeOf, printTriggered, type Triggered } from './triggered.ts'

type Context = CommandContext<readonly WebhookConfig[]>

/** `carabiner webhooks trigger HOOK [NAME|URL]` */
export const trigger: ConnectorCommand<readonly WebhookConfig[]> = {
  name: 'trigger',
  description: 'Sends one real, signed request and shows what comes back; nothing is recorded',
  arguments: [
    { syntax: '<hook>', description: 'before:EVENT or after:EVENT' },
    {
      syntax: '[endpoint]',
      description: 'a webhook, or any URL; may be left out when one has the hook',
    },
  ],
  options: [
    {
      flags: '--params <json>',
      description: "the event's params: JSON, @FILE or - (default: an example)",
    },
    { flags: '--results <json>', description: 'after: a list of results (default: an example)' },
    { flags: '--secret <secret>', description: "signs the request instead of the webhook's own" },
  ],
  run: triggerWebhook,
}

async function triggerWebhook(context: Context): Promise<number> {
  const hook = hookArgument(context)
  const target = targetOf(context, hook)
  const timeoutMs = target.timeoutMs
  const now = systemClock.now()
  const make = await prepareRequest(context, hook, { now, timeoutMs, form: target.form })

  await using host = await context.startHost()
  await using callback = await openFor(target, host)
  const request = make(callback?.ticket)
  using _endpoint = host.engine.endpoint(target.endpoint)
  const message: OutboundMessage = {
    id: request.id,
    origin: 'webhook',
    type: request.hook,
    contentType: request.contentType,
    body: request.body,
    headers: { 'x-servo-event': request.hook },
    traceId: request.traceId,
    depth: 1,
    to: [{ endpoint: target.endpoint.id }],
  }
  const reply = await host.engine.ask(target.endpoint.id, message, {
    attempt: 1,
    timeoutMs,
    signal: context.signal,
  })

  const decision = hook.phase === 'before' ? judge(reply) : undefined
  const handsOutCallback = callback !== undefined
  const { url } = target.endpoint
  const triggered: Triggered = { url, request, reply, decision, handsOutCallback }
  printTriggered(context, triggered)
  return exitCodeOf(triggered)
}

/** A callback as good as any other, so that the receiver can check its signature and answer it; withdrawn when the request is over. */
async function openFor({ expiresMs }: Target, { scope }: CommandHost<readonly WebhookConfig[]>) {
  if (expiresMs === undefined) return undefined
  const ticket = await scope.callbacks.open({ timeout: expiresMs / 1_000, meta: { trigger: true } })
  return {
    ticket,
    async [Symbol.asyncDispose]() {
      await scope.callbacks.book.withdraw(ticket.id)
    },
  }
}

interface Target {
  readonly endpoint: EndpointDefinition
  readonly timeoutMs: number
  readonly form: BodyForm
  /** How long the callback may take that decides; `undefined`: there is none. */
  readonly expiresMs?: number | undefined
}

/** An endpoint of its own, without a circuit: the webhook's circuit neither stops the request nor learns of it. */
function targetOf(context: Context, hook: HookArgument): Target {
  const [, argument] = context.args
  const { secret } = context.options
  const own = typeof secret === 'string' && secret !== '' ? secret : undefined
  if (typeof argument === 'string' && /^https?:\/\//i.test(argument))
    return adHoc(context, hook, argument, own)

  const webhook =
    argument === undefined ? onlyWebhookOf(context, hook) : namedWebhook(context, argument)
  const isDecision = hook.phase === 'before'
  const { endpoint, decision } = webhook
  return {
    endpoint: {
      ...endpoint,
      id: temporaryId(context),
      secrets: own === undefined ? endpoint.secrets : [own],
      circuitBreaker: false,
      replyLimit: isDecision ? decision.replyLimit : endpoint.replyLimit,
    },
    timeoutMs: isDecision ? decision.timeoutMs : endpoint.timeoutMs,
    form: webhook.form,
    expiresMs: isDecision ? decision.expiresMs : undefined,
  }
}

function adHoc(
  context: Context,
  { phase }: HookArgument,
  url: string,
  secret: string | undefined,
): Target {
  if (secret === undefined) throw usage('a URL of its own needs --secret')
  if (URL.parse(url) === null) throw usage(`\`${url}\` is not a URL`)
  const timeoutMs = defaults.timeoutMs[phase]
  const endpoint: EndpointDefinition = {
    id: temporaryId(context),
    url,
    headers: {},
    secrets: [secret],
    signatures: defaults.signatures,
    timeoutMs,
    retry: retryPolicyOf(false, defaults.preset[phase]),
    concurrency: 1,
    rate: undefined,
    circuitBreaker: false,
    replyLimit: defaults.replyLimit[phase],
  }
  return { endpoint, timeoutMs, form: {} }
}

function onlyWebhookOf(context: Context, { phase, event }: HookArgument): Webhook {
  const hooked = webhooksOf(context).filter((webhook) =>
    webhook[phase].some(({ name }) => name === event.name),
  )
  const [only, second] = hooked
  if (only !== undefined && second === undefined) return only
  const hook = `${phase}:${event.name}`
  if (only === undefined)
    throw usage(`no webhook has the hook \`${hook}\`: name one, or a URL with --secret`)
  const names = hooked.map(({ name }) => name).join(', ')
  throw usage(`several webhooks have the hook \`${hook}\`: name one of ${names}`)
}

function temporaryId({ id }: Context): string {
  return `${id}/trigger ${newId()}`
}

function usage(message: string): CarabinerError {
  return new CarabinerError('USAGE', message)
}
