import type { EgressOptions } from '../delivery/egress/egress-options.ts'
import { Duration, Secret, Size } from '../quantity/schemas.ts'
import type { HostConfig, RouteFamily } from './host-config.ts'
import type { JsonSchema } from './json-schema.ts'

/** The `host:` stanza as it is read: quantities parsed, defaults filled in. */
export interface HostStanza {
  readonly name: string
  readonly store: string
  readonly audit_key: string | readonly string[] | null
  readonly shutdown_timeout: number
  readonly event_timeout: number
  readonly retention: number
  readonly log: HostConfig['log']
  readonly egress: EgressOptions
  readonly deliveries: DeliveriesStanza
  readonly server: ServerStanza
}

interface DeliveriesStanza {
  readonly body_limit: number
  readonly kept_reply: number
  readonly reply_header_limit: number
  readonly reply_header_lines: number
  readonly window: number
}

export interface ServerStanza {
  readonly host: string
  readonly port: number
  readonly public_url: string | null
  readonly management_key: ManagementKey | readonly ManagementKey[] | null
  readonly allow_unauthenticated: boolean
  readonly trusted_proxies: readonly string[]
  readonly body_limit: number
  readonly cors: false | { readonly origins: readonly string[] }
  readonly listeners: readonly ListenerStanza[] | null
}

type ManagementKey = string | { readonly name: string; readonly key: string }

interface ListenerStanza {
  readonly host: string
  readonly port: number
  readonly serve: readonly RouteFamily[]
  readonly tls?: { readonly cert: string; readonly key: string }
}

export const routeFamilies: readonly RouteFamily[] = [
  'public',
  'management',
  'callbacks',
  'metrics',
]

const text = { type: 'string', minLength: 1 }
const texts = { type: 'array', items: text, default: [] }
const port = { type: 'integer', minimum: 0, maximum: 65_535 }
const listeningPort = { ...port, description: 'Port to listen on; 0: any that is free' }
const address = { ...text, description: 'Address to listen on', default: '127.0.0.1' }
const webUrl = {
  type: 'string',
  pattern: '^https?://[^\\s/?#]',
  examples: ['https://hooks.example.com'],
}
const managementKey = Secret({ description: 'At least 16 characters', minLength: 16 })
const keyName = { ...text, description: 'Who has the key' }
const auditKey = Secret({ description: 'At least 16 characters', minLength: 16 })
const namedKey = closed({ name: keyName, key: managementKey }, ['name', 'key'])

const log = stanza('How much is logged, and how it looks', {
  level: {
    description: 'The least important lines that are written',
    enum: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    default: 'info',
  },
  format: {
    description: 'auto: pretty on a terminal, JSON lines otherwise',
    enum: ['auto', 'pretty', 'json'],
    default: 'auto',
  },
})

const egress = stanza('Where URLs written in the assembly may lead', {
  default: {
    description: 'trusted: everywhere; guarded: not to loopback, private and other special ranges',
    enum: ['trusted', 'guarded'],
    default: 'trusted',
  },
  allow: { ...texts, description: 'Host names and ranges of addresses let through all the same' },
  http: { description: 'Whether plain http is allowed', type: 'boolean', default: true },
  ports: {
    description: 'any, or the ports that URLs may have',
    anyOf: [{ const: 'any' }, { type: 'array', items: { ...port, minimum: 1 }, minItems: 1 }],
    default: 'any',
  },
  proxy: orNull(
    'http://user:password@host:port of a proxy through which every connection goes (CONNECT)',
    Secret({ examples: ['http://proxy.internal:3128'] }),
  ),
})

const deliveries = stanza('What deliveries may cost this host', {
  body_limit: Size({ default: '1MiB', description: 'Bytes of the longest body that is sent' }),
  kept_reply: Size({
    default: '8KiB',
    description: 'Bytes of each reply that are kept with the attempt',
  }),
  reply_header_limit: Size({ default: '16KiB', description: 'Bytes of the longest reply header' }),
  reply_header_lines: {
    description: 'Lines of the longest reply header',
    type: 'integer',
    minimum: 1,
    maximum: 10_000,
    default: 256,
  },
  window: {
    description: 'Deliveries in the hands of this host at once; the others wait in the store',
    type: 'integer',
    minimum: 1,
    maximum: 100_000,
    default: 1_000,
  },
})

const listener = closed(
  {
    host: address,
    port: listeningPort,
    serve: {
      description: 'The families of routes served here; the others are 404',
      type: 'array',
      items: { enum: routeFamilies },
      minItems: 1,
      uniqueItems: true,
      default: routeFamilies,
    },
    tls: {
      description: 'Speaks https with this certificate',
      ...closed(
        {
          cert: { ...text, description: 'PEM text, or a path' },
          key: Secret({ description: 'PEM text, or a path' }),
        },
        ['cert', 'key'],
      ),
    },
  },
  ['port'],
)

const origins = {
  ...texts,
  description: 'As browsers send them: https://console.example.com',
  minItems: 1,
}

const server = stanza('Where and how the host is reached over HTTP', {
  host: address,
  port: { ...listeningPort, default: 8484 },
  public_url: orNull('Where the outside world reaches this host', webUrl),
  management_key: orNull(
    'Key of the management API (header x-internal-api-key), at least 16 characters: one, { name, key }, or a list',
    managementKey,
    namedKey,
    { type: 'array', items: { anyOf: [managementKey, namedKey] }, minItems: 1 },
  ),
  allow_unauthenticated: {
    description:
      'Opens the management API without a key; refused on an address that is not loopback',
    type: 'boolean',
    default: false,
  },
  trusted_proxies: { ...texts, description: 'Addresses whose X-Forwarded-For is believed' },
  body_limit: Size({ default: '1MiB', description: 'Bytes of the longest request body' }),
  cors: {
    description: 'Origins that browsers may call from',
    anyOf: [{ const: false }, closed({ origins }, ['origins'])],
    default: false,
  },
  listeners: orNull('Replaces host and port', { type: 'array', items: listener, minItems: 1 }),
})

/** JSON Schema of the `host:` stanza. Every default is the contract's. */
export const hostSchema: JsonSchema = stanza('The host itself', {
  name: { ...text, description: 'Name of this host in its logs', default: 'carabiner' },
  store: {
    description: 'memory:, sqlite:PATH (relative to this file) or postgres://…',
    type: 'string',
    pattern: '^(memory:?|sqlite:.+|postgres(ql)?://.+)$',
    examples: ['sqlite:./data/carabiner.db', 'postgres://db.example.com/orders'],
    default: 'sqlite:./data/carabiner.db',
  },
  shutdown_timeout: Duration({
    description: 'How long events in flight may take when the host stops',
    default: '30s',
  }),
  event_timeout: Duration({
    description: 'Deadline of an event that has none of its own',
    default: '30s',
  }),
  retention: Duration({
    description: 'How long settled deliveries and audit rows are kept',
    default: '30d',
  }),
  audit_key: orNull(
    'Signs the audit trail, at least 16 characters: a key, or a list of which the first one signs and the others have signed before; null: a key that the store makes and keeps',
    auditKey,
    { type: 'array', items: auditKey, minItems: 1 },
  ),
  log,
  egress,
  deliveries,
  server,
})

/** A map that need not be there: each of its keys has a default. */
function stanza(description: string, properties: JsonSchema): JsonSchema {
  return { description, ...closed(properties, []), default: {} }
}

function closed(properties: JsonSchema, required: readonly string[]): JsonSchema {
  return { type: 'object', properties, required, additionalProperties: false }
}

function orNull(description: string, ...schemas: readonly object[]): JsonSchema {
  return { description, anyOf: [...schemas, { type: 'null' }], default: null }
}
