import { MIMEType } from 'node:util'
import {
  CarabinerError,
  type ConfigProblem,
  type InspectInput,
  inspectRetry,
  inspectUrl,
  Signer,
  suggestion,
} from 'carabiner'
import { channelProblem, selectorProblem } from './channel-selector.ts'
import { defaults, type WebhookConfig } from './config.ts'
import { contradictions } from './contradictions.ts'
import { headerProblems } from './headers.ts'
import { resolveHooks } from './hooks.ts'
import { wrongDecision } from './inspect-decision.ts'
import { pointerProblem } from './order-key.ts'
import { wrongTls } from './tls.ts'
import { listOf, nameOf } from './webhook.ts'

type Input = InspectInput<readonly WebhookConfig[]>
/** A problem within one webhook: the path begins at its keys. */
type WebhookProblem = ConfigProblem

/** Everything wrong with the stanza that its schema cannot say, each with its path. */
export function inspect(input: Input): readonly ConfigProblem[] {
  const perWebhook = input.config.flatMap((webhook, index) =>
    checks
      .flatMap((check) => check(webhook, input))
      .map((problem) => ({ ...problem, path: [index, ...problem.path] })),
  )
  return [...perWebhook, ...sameNames(input.config)]
}

const checks: readonly ((webhook: WebhookConfig, input: Input) => readonly WebhookProblem[])[] = [
  neitherEventsNorChannels,
  wrongHooks,
  wrongChannels,
  wrongUrl,
  wrongTls,
  wrongSignatures,
  headerProblems,
  wrongContentType,
  wrongPointer,
  wrongSchema,
  wrongBackoff,
  wrongDecision,
  contradictions,
]

/** Signature schemes that requests can be sent with; the other ones are for what comes in. */
const outboundSchemes = ['servo', 'standard', 'standard-v1a', 'pyfly', 'axme', 'github', 'stripe']

function neitherEventsNorChannels({ events, channels }: WebhookConfig): readonly WebhookProblem[] {
  if (events !== undefined || channels !== undefined) return []
  const expected = 'events: before:EVENT or after:EVENT, or channels: a channel'
  return [{ path: [], message: 'a webhook without events and without channels', expected }]
}

function wrongHooks({ events }: WebhookConfig, input: Input): readonly WebhookProblem[] {
  return resolveHooks(listOf(events), input.events).problems.map(({ index, ...problem }) => ({
    ...problem,
    path: pathOf('events', events, index),
  }))
}

function wrongChannels({ channels, response_channel }: WebhookConfig): readonly WebhookProblem[] {
  const problems = listOf(channels).flatMap((selector, index) => {
    const message = selectorProblem(selector)
    const path = pathOf('channels', channels, index)
    return message === undefined
      ? []
      : [{ path, message, expected: 'a channel, or a glob of some' }]
  })
  const message = response_channel === undefined ? undefined : channelProblem(response_channel)
  if (message === undefined) return problems
  return [...problems, { path: ['response_channel'], message, expected: 'the name of a channel' }]
}

function wrongUrl({ url }: WebhookConfig, { host }: Input): readonly WebhookProblem[] {
  const problem = inspectUrl(url, host)
  return problem === undefined ? [] : [{ path: ['url'], ...problem }]
}

function wrongSignatures({ signatures, secret }: WebhookConfig): readonly WebhookProblem[] {
  const names = signatures ?? defaults.signatures
  const unknown = names.flatMap((name, index) => {
    if (outboundSchemes.includes(name)) return []
    const message = `no signature scheme \`${name}\` for requests${suggestion(name, outboundSchemes)}`
    return [
      { path: ['signatures', index], message, expected: `one of ${outboundSchemes.join(', ')}` },
    ]
  })
  return unknown.length > 0 ? unknown : wrongSecret(names, secret)
}

function wrongSecret(
  schemes: readonly string[],
  secrets: readonly string[],
): readonly WebhookProblem[] {
  try {
    new Signer(schemes, secrets)
    return []
  } catch (error) {
    if (!(error instanceof CarabinerError)) throw error
    const expected = 'a secret that the signature schemes can sign with'
    return [{ path: ['secret'], message: error.message, expected }]
  }
}

function wrongContentType({ content_type: type }: WebhookConfig): readonly WebhookProblem[] {
  if (type === undefined || isMediaType(type)) return []
  return [{ path: ['content_type'], message: 'not a media type', expected: '`application/json`' }]
}

function isMediaType(type: string): boolean {
  if (!/^[\x20-\x7e]+$/.test(type)) return false
  try {
    new MIMEType(type)
    return true
  } catch {
    return false // that is how MIMEType says no
  }
}

function wrongPointer({ ordered }: WebhookConfig): readonly WebhookProblem[] {
  const message = typeof ordered === 'string' ? pointerProblem(ordered) : undefined
  if (message === undefined) return []
  return [{ path: ['ordered'], message, expected: 'a JSON Pointer such as /params/id, or true' }]
}

function wrongSchema({ when }: WebhookConfig, input: Input): readonly WebhookProblem[] {
  const message = when === undefined ? undefined : input.schemaProblem(when)
  if (message === undefined) return []
  return [{ path: ['when'], message, expected: 'a JSON Schema (2020-12) for the params' }]
}

function wrongBackoff({ backoff }: WebhookConfig): readonly WebhookProblem[] {
  return inspectRetry(backoff).map(({ field, ...problem }) => ({
    ...problem,
    path: ['backoff', field],
  }))
}

function sameNames(webhooks: readonly WebhookConfig[]): readonly ConfigProblem[] {
  const names = webhooks.map(nameOf)
  return names.flatMap((name, index) => {
    const first = names.indexOf(name)
    if (first === index) return []
    const path = webhooks[index]?.name === undefined ? [index] : [index, 'name']
    const message = `webhook ${first + 1} of the list is called \`${name}\` already`
    return [{ path, message, expected: 'a `name` that no other webhook here has' }]
  })
}

function pathOf(
  key: string,
  oneOrMore: string | readonly string[] | undefined,
  index: number,
): readonly (string | number)[] {
  return typeof oneOrMore === 'string' ? [key] : [key, index]
}
