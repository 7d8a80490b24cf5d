import {
  CarabinerError,
  type ConfigProblem,
  egressRefusal,
  type InspectInput,
  inspectRetry,
  suggestion,
} from 'carabiner'
import type { SubscriptionsConfig } from './config.ts'
import type { EventTypesConfig } from './event-type-config.ts'
import { eventTypePattern, listed } from './event-types.ts'
import { signsWithKeyPair } from './generate-secret.ts'
import { inspectTenants } from './tenants/inspect.ts'

type Input = InspectInput<SubscriptionsConfig>

/** Everything wrong with the stanza that its schema cannot say, each with its path. */
export function inspect(input: Input): readonly ConfigProblem[] {
  const { config } = input
  return [
    ...sameKeys(config),
    ...wrongEventTypes(config.event_types),
    ...wrongPayloadSchemas(input),
    ...wrongSignatures(config),
    ...inspectRetry(config.retry).map(({ field, ...problem }) => ({
      ...problem,
      path: ['retry', field],
    })),
    ...wrongAllow(config),
    ...inspectTenants(config.tenants ?? {}, input.host),
  ]
}

/** Signature schemes that deliveries can be sent with; the other ones are for what comes in. */
const outboundSchemes = ['servo', 'standard', 'standard-v1a', 'pyfly', 'axme', 'github', 'stripe']
const eventType = new RegExp(eventTypePattern)

function sameKeys({ api_keys: keys = [] }: SubscriptionsConfig): readonly ConfigProblem[] {
  return keys.flatMap(({ key }, index) => {
    const first = keys.findIndex((other) => other.key === key)
    if (first === index) return []
    const message = `key ${first + 1} of the list is the same`
    return [{ path: ['api_keys', index, 'key'], message, expected: 'a key of its own' }]
  })
}

function wrongEventTypes(config: EventTypesConfig | undefined): readonly ConfigProblem[] {
  if (config === undefined || config === 'any') return []
  const isList = Array.isArray(config)
  return listed(config).flatMap(([name], index) => {
    if (eventType.test(name)) return []
    const path = ['event_types', isList ? index : name]
    const message = `\`${name}\` is not a name of an event type`
    return [{ path, message, expected: `a name such as order.created (${eventTypePattern})` }]
  })
}

function wrongPayloadSchemas({ config, schemaProblem }: Input): readonly ConfigProblem[] {
  const { event_types: types } = config
  if (types === undefined || types === 'any') return []
  return listed(types).flatMap(([name, { schema }]) => {
    const message = schema === undefined ? undefined : schemaProblem(schema)
    if (message === undefined) return []
    const path = ['event_types', name, 'schema']
    return [{ path, message, expected: 'a JSON Schema (2020-12) for payloads' }]
  })
}

function wrongSignatures({ signatures = [] }: SubscriptionsConfig): readonly ConfigProblem[] {
  const unknown = unknownSchemes(signatures)
  return unknown.length > 0 ? unknown : mixedSchemes(signatures)
}

/** A subscription has one secret: it cannot be both. */
function mixedSchemes(signatures: readonly string[]): readonly ConfigProblem[] {
  const first = signatures[0]
  const other = signatures.findIndex(
    (name) => first !== undefined && signsWithKeyPair(name) !== signsWithKeyPair(first),
  )
  if (other === -1) return []
  const message = `\`${first}\` and \`${signatures[other]}\` cannot sign with the same secret`
  const expected = 'schemes with a shared secret, or standard-v1a alone'
  return [{ path: ['signatures', other], message, expected }]
}

function unknownSchemes(signatures: readonly string[]): readonly ConfigProblem[] {
  return signatures.flatMap((name, index) => {
    if (outboundSchemes.includes(name)) return []
    const message = `no signature scheme \`${name}\` for requests${suggestion(name, outboundSchemes)}`
    const expected = `one of ${outboundSchemes.join(', ')}`
    return [{ path: ['signatures', index], message, expected }]
  })
}

function wrongAllow({ egress }: SubscriptionsConfig): readonly ConfigProblem[] {
  if (egress?.allow === undefined) return []
  return egress.allow.flatMap((entry, index) => {
    const message = allowProblem(egress, entry)
    if (message === undefined) return []
    const expected = 'a host name, an address or a CIDR range'
    return [{ path: ['egress', 'allow', index], message, expected }]
  })
}

function allowProblem(egress: SubscriptionsConfig['egress'], entry: string): string | undefined {
  try {
    egressRefusal(new URL('https://example.com'), { ...egress, allow: [entry] })
    return undefined
  } catch (error) {
    if (!(error instanceof CarabinerError)) throw error
    return error.message
  }
}
