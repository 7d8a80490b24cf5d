import {
  type AnyEvent,
  type CircuitBreakerOptions,
  type EndpointDefinition,
  type RetryPolicy,
  retryPolicyOf,
} from 'carabiner'
import {
  type CircuitBreakerConfig,
  defaults,
  type HeadersConfig,
  type WebhookConfig,
} from './config.ts'
import { resolveHooks } from './hooks.ts'
import type { BodyForm } from './request.ts'
import { endpointTls } from './tls.ts'

/** A webhook with everything its stanza leaves out filled in, and its events found. */
export interface Webhook {
  /** Its place in the stanza. */
  readonly index: number
  readonly name: string
  /** `<connector id>/<name>`: how outcomes, deliveries and audit rows call it. */
  readonly id: string
  readonly before: readonly AnyEvent[]
  readonly after: readonly AnyEvent[]
  readonly channels: readonly string[]
  /** The URL's host, with its port. */
  readonly host: string
  readonly form: BodyForm
  readonly when: Readonly<Record<string, unknown>> | undefined
  readonly ordered: boolean | string
  readonly responseChannel: string | undefined
  readonly decision: DecisionSettings
  /** Everything about it but what is done with a reply. */
  readonly endpoint: Omit<EndpointDefinition, 'onReply'>
}

/** How a webhook is asked before an event. */
export interface DecisionSettings {
  /** One request. */
  readonly timeoutMs: number
  readonly retry: RetryPolicy
  readonly onFailure: 'cancel' | 'allow'
  readonly mode: 'enforce' | 'warn' | 'shadow' | 'off'
  readonly sideEffects: boolean
  readonly replyLimit: number
  /** How long the callback may take that decides; `undefined`: the reply decides. */
  readonly expiresMs: number | undefined
}

/** Resolves a stanza that `inspect` found nothing wrong with. */
export function resolveWebhooks(
  connector: string,
  configs: readonly WebhookConfig[],
  events: readonly AnyEvent[],
): readonly Webhook[] {
  return configs.map((config, index) => resolveWebhook(connector, config, index, events))
}

/** The name of a webhook: its own, or its first event (or channel) and the host of its URL. */
export function nameOf(config: WebhookConfig): string {
  if (config.name !== undefined) return config.name
  const first = listOf(config.events)[0] ?? listOf(config.channels)[0] ?? 'webhook'
  return `${first}@${URL.parse(config.url)?.host ?? config.url}`
}

/** One or a list, as a list. */
export function listOf(oneOrMore: string | readonly string[] | undefined): readonly string[] {
  if (oneOrMore === undefined) return []
  return typeof oneOrMore === 'string' ? [oneOrMore] : oneOrMore
}

/** Headers as a list of pairs, however they are written. */
export function headerPairs(headers: HeadersConfig = {}): readonly (readonly [string, string])[] {
  return isList(headers)
    ? headers.map(({ name, value }) => [name, value] as const)
    : Object.entries(headers)
}

function resolveWebhook(
  connector: string,
  config: WebhookConfig,
  index: number,
  events: readonly AnyEvent[],
): Webhook {
  const name = nameOf(config)
  const id = `${connector}/${name}`
  const { before, after } = resolveHooks(listOf(config.events), events)
  return {
    index,
    name,
    id,
    before,
    after,
    channels: listOf(config.channels),
    host: new URL(config.url).host,
    form: {
      contentType: config.content_type,
      signatures: config.signatures ?? defaults.signatures,
    },
    when: config.when,
    ordered: config.ordered ?? false,
    responseChannel: config.response_channel,
    decision: decisionSettings(config),
    endpoint: {
      ...endpointOf(id, config),
      ...(isCalled(config, after) && { health: `${connector}.endpoints` }),
    },
  }
}

function decisionSettings(config: WebhookConfig): DecisionSettings {
  const isByCallback = config.decision === 'callback'
  return {
    timeoutMs: config.timeout ?? defaults.timeoutMs.before,
    retry: retryPolicyOf(config.backoff, defaults.preset.before),
    onFailure: config.on_failure ?? 'cancel',
    mode: config.mode ?? 'enforce',
    // A rehearsal is not worth somebody's approval, and nothing would be left to wait for it.
    sideEffects: isByCallback || (config.side_effects ?? false),
    replyLimit: config.reply_limit ?? defaults.replyLimit.before,
    expiresMs: isByCallback ? (config.expires ?? defaults.expiresMs) : undefined,
  }
}

/** Whether anything is ever sent to it: with `mode: off` only what it is told after events, and from channels. */
function isCalled({ mode, channels }: WebhookConfig, after: readonly AnyEvent[]): boolean {
  return mode !== 'off' || after.length > 0 || listOf(channels).length > 0
}

function endpointOf(id: string, config: WebhookConfig): Omit<EndpointDefinition, 'onReply'> {
  const headers = headerPairs(config.headers).map(([name, value]) => [name.toLowerCase(), value])
  return {
    id,
    url: config.url,
    ...(config.tls && { tls: endpointTls(config.tls) }),
    headers: Object.fromEntries(headers),
    secrets: config.secret,
    signatures: config.signatures ?? defaults.signatures,
    timeoutMs: config.timeout ?? defaults.timeoutMs.after,
    retry: retryPolicyOf(config.backoff, defaults.preset.after),
    concurrency: config.concurrency ?? defaults.concurrency,
    rate: config.rate,
    circuitBreaker: circuitBreakerOf(config.circuit_breaker),
    replyLimit: config.reply_limit ?? defaults.replyLimit.after,
  }
}

function circuitBreakerOf(config: CircuitBreakerConfig = {}): CircuitBreakerOptions {
  const { failureThreshold, recoveryTimeoutMs, count5xx } = defaults.circuitBreaker
  return {
    failureThreshold: config.failure_threshold ?? failureThreshold,
    recoveryTimeoutMs: config.recovery_timeout ?? recoveryTimeoutMs,
    count5xx: config.count_5xx ?? count5xx,
  }
}

// `Array.isArray` does not narrow a union with a readonly list.
function isList(
  headers: HeadersConfig,
): headers is readonly { readonly name: string; readonly value: string }[] {
  return Array.isArray(headers)
}
