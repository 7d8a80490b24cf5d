import { hmacScheme, type SignatureScheme } from 'carabiner'
import type {
  ConstantSource,
  NormalizeConfig,
  Source,
  VerifyConfig,
} from '../integration-config.ts'
import type { Facts, Reading } from './facts.ts'
import { parseInstant } from './instant.ts'
import { textAt, valueAt } from './payload.ts'
import type { JsonObject, Misfit, ProviderRequest } from './provider.ts'
import type { ProviderKind } from './provider-kind.ts'
import { schemeNamed } from './scheme.ts'
import { twilioRequest } from './twilio-request.ts'

/** Makes a provider of what an assembly says of it: how its requests are signed, and where they say what. */
export function declared(verify: 'none' | VerifyConfig, normalize: NormalizeConfig): ProviderKind {
  const scheme = verify === 'none' ? undefined : schemeOf(verify)
  return {
    bodies: scheme === twilioRequest || scheme?.name === 'slack' ? ['json', 'form'] : ['json'],
    schemes: scheme === undefined ? [] : [{ scheme, proof: proofOf(scheme) }],
    read: (request, payload) => read(request, payload, normalize),
  }
}

/** The scheme that a stanza describes. @throws {TypeError} when there is none: configuration is checked before */
export function schemeOf(verify: VerifyConfig): SignatureScheme {
  const { scheme: name = '', header } = verify
  if (name === 'hmac') return hmacOf(verify)
  const scheme = name === 'twilio' ? twilioRequest : schemeNamed(name)
  if (header === undefined) return scheme
  if (scheme.withHeader === undefined) throw new TypeError(`\`${name}\` has its own headers`)
  return scheme.withHeader(header)
}

function hmacOf({ header = '', algorithm, encoding, prefix }: VerifyConfig): SignatureScheme {
  return hmacScheme({
    name: 'hmac',
    header,
    algorithm: algorithm ?? 'sha256',
    encoding: encoding ?? 'hex',
    ...(prefix !== undefined && { prefix }),
  })
}

function proofOf(scheme: SignatureScheme): string {
  return scheme.name === 'token' ? 'token' : 'webhook signature'
}

function read(request: ProviderRequest, payload: JsonObject, from: NormalizeConfig): Reading {
  const text = (source: Source | ConstantSource) => textOf(source, request, payload)
  const eventType = text(from.type)
  const externalEventId = from.id === undefined ? null : text(from.id)
  const time = from.occurredAt === undefined ? request.now : text(from.occurredAt)
  const occurredAt = parseInstant(time ?? undefined)
  const data = valueAt(payload, from.data ?? '')

  const errors = [
    ...(eventType === null ? [missing('type', from.type)] : []),
    ...(from.id !== undefined && externalEventId === null ? [missing('id', from.id)] : []),
    ...(occurredAt === undefined ? [missing('time', from.occurredAt)] : []),
    ...(data === undefined ? [missing('data', from.data)] : []),
  ]
  if (eventType === null || occurredAt === undefined || data === undefined || errors.length > 0) {
    return { kind: 'misfit', errors }
  }
  const subject = from.subject === undefined ? null : text(from.subject)
  const facts: Facts = { eventType, externalEventId, occurredAt, subject, data }
  return { kind: 'facts', facts }
}

function textOf(
  source: Source | ConstantSource,
  request: ProviderRequest,
  payload: JsonObject,
): string | null {
  if (typeof source === 'string') return textAt(payload, source)
  if ('value' in source) return source.value
  return request.header(source.header.toLowerCase()) || null
}

function missing(what: string, source: Source | ConstantSource | undefined): Misfit {
  const isHeader = typeof source === 'object' && 'header' in source
  return {
    pointer: typeof source === 'string' ? source : '',
    message: isHeader ? `no ${what} in the ${source.header} header` : `no ${what} there`,
  }
}
