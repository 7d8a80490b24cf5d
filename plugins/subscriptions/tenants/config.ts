import { Secret } from 'carabiner'
import { type TUnsafe, Type } from 'typebox'

/** Tenants by name, each with its configurations. */
export type TenantsConfig = Readonly<Record<string, readonly TenantConfig[]>>

/** A configuration of a tenant: receivers that share a secret and a policy. */
export interface TenantConfig {
  readonly name: string
  readonly enabled: boolean
  /** Without one, requests carry no signature. */
  readonly secret?: string
  readonly max_attempts: number
  readonly backoff_ms: number
  readonly authorized_domains: readonly AuthorizedDomain[]
  readonly subscriptions: readonly TenantSubscription[]
}

type AuthorizedDomain = string | { readonly domain: string; readonly description?: string }

/** One receiver: what it is told, and where. */
export interface TenantSubscription {
  /** A name, or `*` for all. */
  readonly event_type: string
  readonly target_url: string
  readonly headers: Readonly<Record<string, string>>
}

const closed = { additionalProperties: false }

/** Names stand in the ids of endpoints, between slashes. */
export const namePattern = '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$'

const Domain = Type.String({
  pattern:
    '^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$',
  description: 'A host name: it, and every name below it',
  examples: ['customer.example.com'],
})

const Subscription = Type.Object(
  {
    event_type: Type.String({
      minLength: 1,
      maxLength: 255,
      description: 'The type of event it is told of, exactly; `*`: of all',
      examples: ['OrderPlaced', '*'],
    }),
    target_url: Type.String({
      format: 'uri',
      pattern: '^https?://',
      maxLength: 2_048,
      description: 'Where it is told; trusted, as every URL of the assembly (host.egress)',
      examples: ['https://customer.example.com/hooks/orders'],
    }),
    headers: Type.Optional(
      Type.Unsafe<Readonly<Record<string, string>>>({
        type: 'object',
        additionalProperties: { type: 'string' },
        description: 'Sent with each request',
        default: {},
        examples: [{ 'X-Customer': '17' }],
      }),
    ),
  },
  closed,
)

const Configuration = Type.Object(
  {
    name: Type.String({
      pattern: namePattern,
      description: 'What it is called; one of its kind within the tenant',
      examples: ['webhook-suite'],
    }),
    enabled: Type.Optional(
      Type.Boolean({
        description: 'Whether its receivers are told anything',
        default: true,
        examples: [false],
      }),
    ),
    secret: Type.Optional(
      Secret({
        description: 'Signs requests (X-Pyfly-Signature); without one they are not signed',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: how an assembly refers to its environment
        examples: ['${ACME_SECRET}'],
      }),
    ),
    max_attempts: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000,
        description: 'Requests in all, the first one included',
        default: 5,
        examples: [3],
      }),
    ),
    backoff_ms: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 300_000,
        description:
          'Milliseconds before the second request; twice as long before each further one, at most 5 minutes',
        default: 5_000,
        examples: [1_000],
      }),
    ),
    authorized_domains: Type.Optional(
      Type.Unsafe<readonly AuthorizedDomain[]>({
        type: 'array',
        items: {
          anyOf: [
            Domain,
            Type.Object(
              {
                domain: Domain,
                description: Type.Optional(
                  Type.String({ description: 'For people', examples: ['prod'] }),
                ),
              },
              closed,
            ),
          ],
        },
        description: 'Hosts that receivers may be at; empty: any',
        default: [],
        examples: [['customer.example.com']],
      }),
    ),
    subscriptions: Type.Array(Subscription, {
      description: 'Who is told what',
      examples: [[{ event_type: '*', target_url: 'https://audit.example.com/all' }]],
    }),
  },
  closed,
)

/** Schema of `tenants`. */
export const Tenants: TUnsafe<TenantsConfig> = Type.Unsafe<TenantsConfig>({
  type: 'object',
  propertyNames: { pattern: namePattern },
  additionalProperties: { type: 'array', items: Configuration },
  description:
    'Tenants whose receivers are configured here instead of registered over HTTP, by name',
  default: {},
  examples: [
    {
      acme: [
        {
          name: 'webhook-suite',
          subscriptions: [{ event_type: '*', target_url: 'https://audit.example.com/all' }],
        },
      ],
    },
  ],
})
