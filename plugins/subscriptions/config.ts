import { Duration, Rate, type RateLimit, type RetryPresetName, Secret } from 'carabiner'
import { type TUnsafe, Type } from 'typebox'
import { ownerPattern } from './owner.ts'
import { Tenants, type TenantsConfig } from './tenants/config.ts'

/** What API keys may be good for. */
export const keyScopes = ['subscriptions:write', 'events:publish', 'events:replay', 'read'] as const

export type KeyScope = (typeof keyScopes)[number]

/** Event types that a stanza without `event_types` takes. */
const defaultEventTypes = [
  'inbox.thread_created',
  'inbox.thread_updated',
  'inbox.reply_received',
  'invite.accepted',
  'auth.session_revoked',
]

const closed = { additionalProperties: false }
const presets = ['servo', 'pyfly', 'axme', 'gateway', 'awa', 'standard']

/** An agent, a team, a customer: whoever subscriptions and events belong to. */
const owner = { type: 'string', pattern: ownerPattern }

const ApiKey = Type.Object(
  {
    key: Secret({
      minLength: 16,
      description: 'What callers send as x-api-key or as a bearer token',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: how an assembly refers to its environment
      examples: ['${AXME_KEY}'],
    }),
    owner: Type.Unsafe<string>({
      ...owner,
      description: 'Whose subscriptions and events it reaches',
      examples: ['agent://acme/ops'],
    }),
    scopes: Type.Optional(
      Type.Unsafe<'all' | readonly KeyScope[]>({
        description: 'What it may do; all: everything',
        anyOf: [
          { const: 'all' },
          { type: 'array', items: { type: 'string', enum: [...keyScopes] }, uniqueItems: true },
        ],
        default: 'all',
        examples: [['events:publish', 'read']],
      }),
    ),
    may_act_for: Type.Optional(
      Type.Array(Type.Unsafe<string>(owner), {
        description: 'Other owners it may act for; `*` stands for any characters',
        default: [],
        examples: [['agent://acme/*']],
      }),
    ),
  },
  closed,
)

const EventTypeOptions = Type.Object(
  {
    description: Type.Optional(
      Type.String({ description: 'For people', examples: ['Somebody answered'] }),
    ),
    schema: Type.Optional(
      Type.Unsafe<Readonly<Record<string, unknown>>>({
        type: 'object',
        description: 'JSON Schema (2020-12) that payloads must match',
        examples: [{ properties: { thread: { type: 'string' } }, required: ['thread'] }],
      }),
    ),
  },
  closed,
)

const EventTypes = Type.Unsafe<EventTypesConfig>({
  description:
    'Event types that are taken: a list, a map of name to { description, schema }, or any',
  anyOf: [
    { const: 'any' },
    { type: 'array', items: { type: 'string' }, minItems: 1, uniqueItems: true },
    { type: 'object', additionalProperties: EventTypeOptions, minProperties: 1 },
  ],
  default: defaultEventTypes,
  examples: ['any', ['order.created'], { 'order.created': { description: 'An order came in' } }],
})

const Egress = Type.Unsafe<EgressConfig>({
  ...Type.Object(
    {
      default: Type.Optional(
        Type.Unsafe<'trusted' | 'guarded'>({
          type: 'string',
          enum: ['trusted', 'guarded'],
          description:
            'guarded: not to loopback, private and other special ranges; trusted: everywhere',
          default: 'guarded',
          examples: ['guarded'],
        }),
      ),
      allow: Type.Optional(
        Type.Array(Type.String({ minLength: 1 }), {
          description: 'Host names and ranges of addresses let through all the same',
          default: [],
          examples: [['hooks.internal', '10.1.0.0/16']],
        }),
      ),
      http: Type.Optional(
        Type.Boolean({
          description: 'Whether plain http is allowed',
          default: false,
          examples: [true],
        }),
      ),
      ports: Type.Optional(
        Type.Unsafe<EgressConfig['ports']>({
          description: 'any, or the ports that URLs may have',
          anyOf: [
            { const: 'any' },
            {
              type: 'array',
              items: { type: 'integer', minimum: 1, maximum: 65_535 },
              minItems: 1,
            },
          ],
          default: [80, 443, 8443],
          examples: [[443]],
        }),
      ),
      proxy: Type.Optional(
        Type.Unsafe<string | null>({
          description:
            'http://user:password@host:port of a proxy through which every connection goes (CONNECT); null: none. Default: that of host.egress',
          anyOf: [Secret(), { type: 'null' }],
          examples: ['http://proxy.internal:3128'],
        }),
      ),
    },
    closed,
  ),
  description: 'Where URLs that others register may lead',
  default: {},
})

const Http = Type.Object(
  {
    timeout: Type.Optional(
      Duration({
        description: 'One request, from queue to last byte',
        default: '10s',
        examples: ['5s'],
      }),
    ),
    circuit_breaker: Type.Optional(
      Type.Object(
        {
          failure_threshold: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: 1_000,
              description: 'Consecutive failed connections that open the circuit',
              default: 5,
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
        },
        {
          ...closed,
          description: 'When a receiver that cannot be reached is left alone',
          default: {},
        },
      ),
    ),
  },
  { ...closed, description: 'How receivers are called', default: {} },
)

const stanza = Type.Object(
  {
    api_keys: Type.Optional(
      Type.Array(ApiKey, {
        description: 'Who may call, beside the keys of `carabiner keys create`',
        default: [],
        examples: [
          // biome-ignore lint/suspicious/noTemplateCurlyInString: how an assembly refers to its environment
          [{ key: '${AXME_KEY}', owner: 'agent://acme/ops', may_act_for: ['agent://acme/*'] }],
        ],
      }),
    ),
    event_types: Type.Optional(EventTypes),
    intent_types: Type.Optional(
      Type.Array(Type.String({ pattern: '^intent\\.[a-z0-9_]+\\.v1$' }), {
        uniqueItems: true,
        description:
          'What `GET /v1/capabilities` calls supported; empty: intent.<event>.v1 for each event of the bus',
        default: [],
        examples: [['intent.order_created.v1']],
      }),
    ),
    settle_wait: Type.Optional(
      Duration({
        zero: true,
        description: 'How long an answer waits for the first attempts of its deliveries',
        default: '0s',
        examples: ['500ms'],
      }),
    ),
    require_secret: Type.Optional(
      Type.Boolean({
        description: 'Whether a subscription without a secret is refused',
        default: false,
        examples: [true],
      }),
    ),
    rate_limit: Type.Optional(
      Rate({
        description: 'Calls of one key to one route; false: no limit',
        default: '120/m',
        examples: ['20/s', false],
      }),
    ),
    signatures: Type.Optional(
      Type.Array(Type.String(), {
        minItems: 1,
        uniqueItems: true,
        description: 'Signature schemes of deliveries; several stand side by side',
        default: ['axme', 'standard'],
        examples: [['standard']],
      }),
    ),
    retry: Type.Optional(
      Type.Unsafe<RetryPresetName>({
        type: 'string',
        enum: presets,
        description: 'The retry policy of deliveries',
        default: 'axme',
        examples: ['standard'],
      }),
    ),
    egress: Type.Optional(Egress),
    http: Type.Optional(Http),
    tenants: Type.Optional(Tenants),
  },
  {
    ...closed,
    title: 'subscriptions',
    description: 'Other programs subscribe URLs to event types, publish events and replay them',
  },
)

/** The connector's stanza as it is read: durations are milliseconds, defaults filled in. */
export interface SubscriptionsConfig {
  readonly api_keys: readonly ApiKeyConfig[]
  readonly event_types: EventTypesConfig
  readonly intent_types: readonly string[]
  readonly settle_wait: number
  readonly require_secret: boolean
  readonly rate_limit?: RateLimit | undefined
  readonly signatures: readonly string[]
  readonly retry: RetryPresetName
  readonly egress: EgressConfig
  readonly http: {
    readonly timeout: number
    readonly circuit_breaker: {
      readonly failure_threshold: number
      readonly recovery_timeout: number
    }
  }
  readonly tenants: TenantsConfig
}

export interface ApiKeyConfig {
  readonly key: string
  readonly owner: string
  readonly scopes: 'all' | readonly KeyScope[]
  readonly may_act_for: readonly string[]
}

/** `any`, a list of names, or a map from name to what is known of it. */
export type EventTypesConfig = 'any' | readonly string[] | Readonly<Record<string, EventTypeConfig>>

export interface EventTypeConfig {
  readonly description?: string
  readonly schema?: Readonly<Record<string, unknown>>
}

/** Where URLs that others register may lead. */
export interface EgressConfig {
  readonly default: 'trusted' | 'guarded'
  readonly allow: readonly string[]
  readonly http: boolean
  readonly ports: 'any' | readonly number[]
  readonly proxy?: string | null
}

/** Schema of the connector's stanza. */
export const SubscriptionsConfig: TUnsafe<SubscriptionsConfig> =
  Type.Unsafe<SubscriptionsConfig>(stanza)
