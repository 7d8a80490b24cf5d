import {
  CarabinerError,
  type ConnectorCommand,
  messageOf,
  suggestion,
  systemClock,
  textOption,
  usageError,
} from 'carabiner'
import type { IngressConfig } from '../config.ts'
import { type Integration, integrationsOf } from '../integration.ts'
import { argument, type Context } from './options.ts'

/** `carabiner ingress send PROVIDER [@FILE]` */
export const send: ConnectorCommand<IngressConfig> = {
  name: 'send',
  description: 'Posts a webhook to a running host, signed as the provider does',
  arguments: [
    { syntax: '<provider>', description: 'one of the integrations' },
    { syntax: '[body]', description: '@FILE, -, or the text (default: a sample)' },
  ],
  options: [
    {
      flags: '--url <url>',
      description: 'the host, or the whole URL to post to (default: the assembly’s listener)',
    },
    {
      flags: '--event <name>',
      description: 'what the provider names in a header: GitHub’s event, Shopify’s topic',
    },
    { flags: '--content-type <type>', description: 'of the body (default: what fits it)' },
  ],
  run: sendWebhook,
}

async function sendWebhook(context: Context): Promise<number> {
  const integration = integrationNamed(context)
  const { body, contentType } = await sampleOf(context, integration)
  const url = urlFor(context, integration)
  const event = textOption(context, 'event')
  const headers = integration.provider.sign({
    body,
    contentType,
    url: signedUrl(context, url),
    now: systemClock.now(),
    ...(event !== undefined && { event }),
  })
  const answered = await post(url, { body, headers: { ...headers, 'content-type': contentType } })
  const { status, text } = answered
  const told = parsed(text)
  if (context.json) context.print(JSON.stringify({ status, body: told ?? text }, null, 2))
  else context.print(`${status} ${summary(told) ?? text}`)
  return status < 300 ? 0 : 1
}

/** @throws {CarabinerError} USAGE */
function integrationNamed(context: Context): Integration {
  const name = argument(context, 0)
  const integrations = integrationsOf(context.config)
  const integration = integrations.get(name)
  if (integration !== undefined) return integration
  const known = [...integrations.keys()]
  const meant = suggestion(name, known) || `: expected one of ${known.join(', ')}`
  throw usageError(`no integration of \`${name}\`${meant}`)
}

interface Sample {
  readonly body: Uint8Array
  readonly contentType: string
}

const types = { json: 'application/json', form: 'application/x-www-form-urlencoded' } as const

/** @throws {CarabinerError} USAGE: there is nothing to send */
async function sampleOf(context: Context, { name, provider }: Integration): Promise<Sample> {
  const source = argument(context, 1)
  const given = textOption(context, 'contentType')
  if (source === '') {
    const { sample } = provider
    if (sample === undefined)
      throw usageError(`expected a body for \`${name}\`: @FILE, - or the text`)
    return { body: Buffer.from(sample.body), contentType: given ?? sample.contentType }
  }
  const body = await context.read(source)
  const looksLikeJson = /^\s*\{/.test(Buffer.from(body).toString())
  const isForm = provider.bodies.includes('form') && !looksLikeJson
  return { body, contentType: given ?? (isForm ? types.form : types.json) }
}

/** @throws {CarabinerError} USAGE: there is no address to be found */
function urlFor(context: Context, { name }: Integration): URL {
  const given = textOption(context, 'url') ?? listenerOf(context)
  const url = URL.parse(given)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw usageError(`expected --url http://host:port, got ${given}`)
  }
  return url.pathname === '/' ? new URL(`/api/v1/webhooks/${name}${url.search}`, url) : url
}

function listenerOf({ server }: Context): string {
  const listener = server?.listeners.find(({ serve }) => serve.includes('public'))
  if (listener === undefined) {
    throw usageError('expected --url: the assembly has no listener that serves `public`')
  }
  if (listener.url.endsWith(':0')) {
    throw usageError('expected --url: the host finds its port when it starts')
  }
  return listener.url
}

/** As the host that gets it will see it. */
function signedUrl({ server }: Context, { pathname, search }: URL): string {
  return `${server?.publicUrl?.replace(/\/$/, '') ?? ''}${pathname}${search}`
}

interface Request {
  readonly body: Uint8Array
  readonly headers: Readonly<Record<string, string>>
}

/** @throws {CarabinerError} HANDLER_FAILED: nobody answers */
async function post(
  url: URL,
  { body, headers }: Request,
): Promise<{ readonly status: number; readonly text: string }> {
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    // A copy whose buffer is no shared one, as `fetch` wants it.
    const sent = new Uint8Array(body)
    const response = await fetch(url, { method: 'POST', headers, body: sent, signal })
    return { status: response.status, text: await response.text() }
  } catch (error) {
    const why = error instanceof TypeError ? messageOf(error.cause ?? error) : messageOf(error)
    const message = `no answer from ${url.origin}: ${why}; is the host running?`
    throw new CarabinerError('HANDLER_FAILED', message, { cause: error })
  }
}

const timeoutMs = 30_000

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // A handshake may be answered with any text.
  }
}

/** What the answer says, in a line; `undefined` when it is not in our form. */
function summary(told: unknown): string | undefined {
  const { data, error }: Readonly<Record<string, unknown>> = Object(told)
  if (isObject(data) && 'eventId' in data) return `${data['status']}: event ${data['eventId']}`
  if (!isObject(error)) return undefined
  return [`${error['code']}: ${error['message']}`, ...misfits(error['details'])].join('\n  ')
}

/** What does not fit, and where. */
function misfits(details: unknown): readonly string[] {
  const { errors }: Readonly<Record<string, unknown>> = Object(details)
  if (!Array.isArray(errors)) return []
  return errors.filter(isObject).map(({ pointer, message }) => `${pointer} ${message}`.trimStart())
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
