import {
  type CircuitBreakerOptions,
  Duration,
  Rate,
  type RateLimit,
  type RetryChoice,
  type RetryPresetName,
  RetrySetting,
  SecretList,
  Size,
} from 'carabiner'
import { type Static, type TUnsafe, Type } from 'typebox'
import { closed, oneOf, oneOrMore } from './schema-makers.ts'
import { Tls, type TlsConfig } from './tls.ts'

/** What a webhook has that its stanza leaves out. */
export const defaults: {
  readonly concurrency: number
  readonly signatures: readonly string[]
  readonly timeoutMs: { readonly before: number; readonly after: number }
  readonly replyLimit: { readonly before: number; readonly after: number }
  readonly expiresMs: number
  readonly preset: { readonly before: RetryPresetName; readonly after: RetryPresetName }
  readonly circuitBreaker: CircuitBreakerOptions
} = {
  concurrency: 8,
  signatures: ['servo', 'standard'],
  timeoutMs: { before: 10_000, after: 30_000 },
  replyLimit: { before: 256 * 1024, after: 64 * 1024 },
  expiresMs: 3_600_000,
  preset: { before: 'servo', after: 'standard' },
  circuitBreaker: { failureThreshold: 5, recoveryTimeoutMs: 30_000, count5xx: false },
}

const headerValue = { type: 'string', maxLength: 8_192 }

const Headers = Type.Unsafe<HeadersConfig>({
  description: 'Sent with every request. Signature headers cannot be replaced',
  default: {},
  examples: [{ 'x-team': 'platform' }],
  anyOf: [
    { type: 'object', additionalProperties: headerValue, maxProperties: 64 },
    {
      type: 'array',
      maxItems: 64,
      items: Type.Object(
        {
          name: Type.String({ description: 'Name of the header' }),
          value: Type.Unsafe<string>({ ...headerValue, description: 'Value of the header' }),
        },
        closed,
      ),
    },
  ],
})

const CircuitBreaker = Type.Object(
  {
    failure_threshold: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000,
        description: 'Consecutive failed requests that open the circuit',
        default: defaults.circuitBreaker.failureThreshold,
        examples: [10],
      }),
    ),
    recovery_timeout: Type.Optional(
      Duration({
        description: 'After which an open circuit lets one request through',
        default: '30s',
        examples: ['1m'],
      }),
    ),
    count_5xx: Type.Optional(
      Type.Boolean({
        description:
          'Whether an answer of 500 or above counts as failed; any other answer never does',
        default: defaults.circuitBreaker.count5xx,
        examples: [true],
      }),
    ),
  },
  {
    ...closed,
    description: 'When an endpoint that cannot be reached is left alone',
    examples: [{ failure_threshold: 10, recovery_timeout: '1m' }],
  },
)

const JsonSchema = Type.Unsafe<Readonly<Record<string, unknown>>>({
  type: 'object',
  description: 'JSON Schema (2020-12) that the params must match for the webhook to be called',
  examples: [{ properties: { amount: { minimum: 1000 } }, required: ['amount'] }],
})

const Webhook = Type.Object(
  {
    name: Type.Optional(
      Type.String({
        pattern: '^[!-.0-~]{1,128}$',
        description:
          'Unique; deliveries in the store are found by it. Default: `<first event>@<host of the URL>`',
        examples: ['office-hours'],
      }),
    ),
    description: Type.Optional(
      Type.String({ description: 'For people', examples: ['Adjustments only at night'] }),
    ),
    events: Type.Optional(
      oneOrMore(Type.String(), {
        description:
          '`before:EVENT` (asked for a decision) or `after:EVENT` (told what happened), one or a list; `*` stands for any characters',
        examples: ['before:adjust', ['after:adjust', 'after:order.*']],
      }),
    ),
    channels: Type.Optional(
      oneOrMore(Type.String(), {
        description: 'Channels whose messages are posted as they are: names, globs, /expressions/',
        examples: [['audit.*']],
      }),
    ),
    response_channel: Type.Optional(
      Type.String({
        description:
          'Where non-empty replies of successful deliveries are published. Default: nowhere',
        examples: ['warehouse.replies'],
      }),
    ),
    url: Type.String({
      description: 'http or https, without user name and password',
      examples: ['https://example.com/webhooks'],
    }),
    secret: SecretList({
      description: 'Signs the requests. A list while it is rotated: the first one signs first',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: how an assembly refers to its environment
      examples: ['${WEBHOOK_SECRET}'],
    }),
    headers: Type.Optional(Headers),
    timeout: Type.Optional(
      Duration({
        description: 'One request, from queue to last byte. Default: 10s (before), 30s (after)',
        examples: ['2s'],
      }),
    ),
    backoff: Type.Optional(
      RetrySetting({
        description:
          'When a request is tried again: false (never), the name of a retry policy, or a policy. Default: servo (before), standard (after and channels). retry_on and open_circuit are for after and channels',
      }),
    ),
    on_failure: Type.Optional(
      oneOf(['cancel', 'allow'], {
        description: 'before: what it means that there is no decision. Default: cancel',
        examples: ['allow'],
      }),
    ),
    mode: Type.Optional(
      oneOf(['enforce', 'warn', 'shadow', 'off'], {
        description:
          'before: enforce the decision, only warn, ask without waiting (shadow), or never ask. Default: enforce',
        examples: ['shadow'],
      }),
    ),
    decision: Type.Optional(
      oneOf(['reply', 'callback'], {
        description:
          'before: who decides: the reply (default), or, once the reply allows that, an answer that comes later to the callback URL in the request',
        examples: ['callback'],
      }),
    ),
    expires: Type.Optional(
      Duration({
        description:
          'decision: callback: how long the answer may take, at most 30d; a heartbeat moves it. Default: 1h',
        examples: ['8h'],
      }),
    ),
    when: Type.Optional(JsonSchema),
    side_effects: Type.Optional(
      Type.Boolean({
        description:
          'before: true when asking changes something: not asked in a dry run. Default: false, and true with decision: callback',
        examples: [true],
      }),
    ),
    concurrency: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000,
        description: 'Requests at once to this endpoint',
        default: defaults.concurrency,
        examples: [4],
      }),
    ),
    rate: Type.Optional(
      Rate({
        description: 'after and channels: requests per second, minute or hour. Default: no limit',
        examples: ['50/s'],
      }),
    ),
    ordered: Type.Optional(
      Type.Unsafe<boolean | string>({
        anyOf: [{ type: 'boolean' }, { type: 'string' }],
        description:
          'after and channels: a JSON Pointer into the body, equal values go one after another; true: all do. Default: false',
        examples: ['/params/component', true],
      }),
    ),
    signatures: Type.Optional(
      Type.Array(Type.String(), {
        minItems: 1,
        uniqueItems: true,
        description: 'Signature schemes; several stand side by side',
        default: [...defaults.signatures],
        examples: [['standard']],
      }),
    ),
    content_type: Type.Optional(
      Type.String({
        description: 'Default: `application/vnd.carabiner.<phase>.<event>+json; version=1`',
        examples: ['application/json'],
      }),
    ),
    circuit_breaker: Type.Optional(CircuitBreaker),
    tls: Type.Optional(Tls),
    reply_limit: Type.Optional(
      Size({
        description: 'Bytes of a reply that are read. Default: 256KiB (before), 64KiB (after)',
        examples: ['64KiB'],
      }),
    ),
  },
  { ...closed, title: 'webhook' },
)

/** One webhook as its stanza in the assembly says it; durations are milliseconds, sizes bytes, rates counts. */
export interface WebhookConfig {
  readonly name?: string
  readonly description?: string
  readonly events?: string | readonly string[]
  readonly channels?: string | readonly string[]
  readonly response_channel?: string
  readonly url: string
  readonly secret: readonly string[]
  readonly headers?: HeadersConfig
  readonly timeout?: number
  readonly backoff?: RetryChoice
  readonly on_failure?: 'cancel' | 'allow'
  readonly mode?: 'enforce' | 'warn' | 'shadow' | 'off'
  readonly decision?: 'reply' | 'callback'
  readonly expires?: number
  readonly when?: Readonly<Record<string, unknown>>
  readonly side_effects?: boolean
  readonly concurrency?: number
  readonly rate?: RateLimit | undefined
  readonly ordered?: boolean | string
  readonly signatures?: readonly string[]
  readonly content_type?: string
  readonly circuit_breaker?: CircuitBreakerConfig
  readonly tls?: TlsConfig
  readonly reply_limit?: number
}

export type HeadersConfig =
  | Readonly<Record<string, string>>
  | readonly { readonly name: string; readonly value: string }[]

export interface CircuitBreakerConfig {
  readonly failure_threshold?: number
  readonly recovery_timeout?: number
  readonly count_5xx?: boolean
}

/** The connector's stanza: a list of webhooks. */
export const WebhooksConfig: TUnsafe<readonly WebhookConfig[]> = Type.Unsafe<
  readonly Static<typeof Webhook>[]
>(
  Type.Array(Webhook, {
    title: 'webhooks',
    description: 'HTTP endpoints asked before events happen, and told after',
  }),
)
