import {
  Duration,
  type EndpointEgress,
  Rate,
  type RateLimit,
  type RetryChoice,
  RetrySetting,
} from 'carabiner'
import { type TUnsafe, Type } from 'typebox'
import { ApiKey, type ApiKeyConfig } from './api-key-config.ts'
import { Egress } from './egress-config.ts'
import { EventTypes, type EventTypesConfig } from './event-type-config.ts'
import { Tenants, type TenantsConfig } from './tenants/config.ts'

const closed = { additionalProperties: false }

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
      RetrySetting({
        description:
          'When a delivery is tried again: the name of a retry policy, a policy on top of one, or false (never)',
        default: 'axme',
        examples: ['standard', { preset: 'axme', max_tries: 3 }],
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
  readonly retry: RetryChoice
  readonly egress: EndpointEgress
  readonly http: {
    readonly timeout: number
    readonly circuit_breaker: {
      readonly failure_threshold: number
      readonly recovery_timeout: number
    }
  }
  readonly tenants: TenantsConfig
}

/** Schema of the connector's stanza. */
export const SubscriptionsConfig: TUnsafe<SubscriptionsConfig> =
  Type.Unsafe<SubscriptionsConfig>(stanza)
