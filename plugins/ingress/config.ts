import { Duration, Rate, type RateLimit, type RetryChoice, RetrySetting } from 'carabiner'
import { type TUnsafe, Type } from 'typebox'
import { type ProviderConfig, providerProperties } from './integration-config.ts'

/** An integration as an assembly writes it. */
export interface IntegrationConfig extends ProviderConfig {
  readonly callback_url: string
  readonly active: boolean
  /** @defaultValue the connector's */
  readonly retry?: RetryChoice
  /** Milliseconds. @defaultValue the connector's */
  readonly timeout?: number
  /** @defaultValue the connector's */
  readonly rate_limit?: Partial<RateLimits>
}

/** How many requests of one provider from one address are taken; `undefined`: any number. */
export interface RateLimits {
  readonly unverified: RateLimit | undefined
  readonly verified: RateLimit | undefined
}

/** When before handlers are asked: `async` after the provider has its answer, `sync` before. */
type VetoMode = 'async' | 'sync'

const closed = { additionalProperties: false }

const unverified = {
  description: 'Requests that are not genuine: more of them are answered 429; false: no limit',
  examples: ['20/m'],
}
const verified = {
  description: 'Genuine requests. A provider that is refused may never send again: false is safe',
  examples: ['500/s'],
}

const Integration = Type.Object(
  {
    ...providerProperties,
    callback_url: Type.String({
      description: 'Where its events are delivered; http or https, without user name and password',
      examples: ['https://example.com/github'],
    }),
    active: Type.Optional(
      Type.Boolean({
        description: 'false: nothing is taken, and what waits is given up',
        default: true,
        examples: [false],
      }),
    ),
    retry: Type.Optional(
      RetrySetting({
        description: 'When a delivery is tried again. Default: that of the connector',
      }),
    ),
    timeout: Type.Optional(
      Duration({
        description: 'One request, from queue to last byte. Default: that of the connector',
        examples: ['10s'],
      }),
    ),
    rate_limit: Type.Optional(
      Type.Object(
        {
          unverified: Type.Optional(Rate(unverified)),
          verified: Type.Optional(Rate(verified)),
        },
        { ...closed, description: 'What of it is left out is that of the connector' },
      ),
    ),
  },
  { ...closed, title: 'integration' },
)

const stanza = Type.Object(
  {
    retry: Type.Optional(
      RetrySetting({ description: 'When a delivery is tried again', default: 'gateway' }),
    ),
    timeout: Type.Optional(
      Duration({
        description: 'One request, from queue to last byte',
        default: '5s',
        examples: ['10s'],
      }),
    ),
    veto: Type.Optional(
      Type.Unsafe<VetoMode>({
        type: 'string',
        enum: ['async', 'sync'],
        description:
          'When before handlers of ingress.received are asked: after the provider has its answer, or before',
        default: 'async',
        examples: ['sync'],
      }),
    ),
    rate_limit: Type.Optional(
      Type.Object(
        {
          unverified: Type.Optional(Rate({ ...unverified, default: '120/m' })),
          verified: Type.Optional(Rate({ ...verified, default: false })),
        },
        {
          ...closed,
          description: 'Requests of one provider from one address',
          default: {},
        },
      ),
    ),
    delivery_sink: Type.Optional(
      Type.Unsafe<DeliverySink>({
        description:
          'Whether POST /api/v1/internal/delivery-sink/:provider takes deliveries, to try things out. auto: from this computer, and not with NODE_ENV=production',
        anyOf: [{ const: 'auto' }, { type: 'boolean' }],
        default: 'auto',
        examples: [false],
      }),
    ),
    integrations: Type.Optional(
      Type.Array(Integration, {
        description: 'The providers whose webhooks are taken, and where each one’s events go',
        default: [],
      }),
    ),
  },
  {
    ...closed,
    title: 'ingress',
    description:
      'Providers post webhooks: they are verified, stored, and delivered to integrations',
  },
)

type DeliverySink = 'auto' | boolean

/** The connector's stanza as it is read: durations are milliseconds, defaults filled in. */
export interface IngressConfig {
  readonly retry: RetryChoice
  readonly timeout: number
  readonly veto: VetoMode
  readonly rate_limit: RateLimits
  readonly delivery_sink: DeliverySink
  readonly integrations: readonly IntegrationConfig[]
}

/** Schema of the connector's stanza. */
export const IngressConfig: TUnsafe<IngressConfig> = Type.Unsafe<IngressConfig>(stanza)
