import type { SignatureScheme } from 'carabiner'
import { otherType, type Reading } from './facts.ts'
import { parseInstant } from './instant.ts'
import { textAt } from './payload.ts'
import type { JsonObject, ProviderRequest } from './provider.ts'
import type { ProviderKind } from './provider-kind.ts'
import { schemeNamed } from './scheme.ts'

type Family = 'webhook' | 'svix'
type Header = (name: string) => string | undefined

/** https://www.standardwebhooks.com */
export const standard: ProviderKind = signedIn('webhook')
/** https://docs.svix.com: the same with other names for the headers. */
export const svix: ProviderKind = signedIn('svix')

/** Both take both families of headers: Svix can send either. A request is verified and read by one of them, never by a mixture. */
function signedIn(family: Family): ProviderKind {
  return {
    bodies: ['json'],
    schemes: [
      { scheme: underEither(schemeNamed('standard'), family) },
      { scheme: underEither(schemeNamed('standard-v1a'), family) },
    ],
    secretHeaders: ['webhook-signature', 'svix-signature'],
    read,
    sample: {
      contentType: 'application/json',
      body: JSON.stringify({
        type: 'contact.created',
        timestamp: '2026-01-05T09:30:00Z',
        data: { id: '1f81eb52-5198-4599-803e-771906343485', type: 'contact', name: 'Gate' },
      }),
    },
  }
}

function underEither(scheme: SignatureScheme, own: Family): SignatureScheme {
  return {
    ...scheme,
    header: `${own}-signature`,
    verify: (input, keys) => {
      const family = familyOf((name) => input.header(name))
      const header: Header = (name) => input.header(named(name, family))
      return scheme.verify({ ...input, header }, keys)
    },
    sign: (input, keys) => {
      const headers = Object.entries(scheme.sign(input, keys))
      return Object.fromEntries(headers.map(([name, value]) => [named(name, own), value]))
    },
  }
}

function familyOf(header: Header): Family {
  return (header('webhook-signature') ?? '') === '' && header('svix-signature') !== undefined
    ? 'svix'
    : 'webhook'
}

function named(name: string, family: Family): string {
  return name.replace(/^webhook-/, `${family}-`)
}

function read(request: ProviderRequest, payload: JsonObject): Reading {
  const family = familyOf((name) => request.header(name))
  const header: Header = (name) => request.header(named(name, family))
  const sentAt = parseInstant(header('webhook-timestamp'))
  return {
    kind: 'facts',
    facts: {
      eventType: textAt(payload, '/type', '/eventType', '/event_type') ?? otherType,
      externalEventId: header('webhook-id') || null,
      occurredAt: parseInstant(payload['timestamp']) ?? sentAt ?? request.now,
      subject: textAt(payload, '/data/id'),
      data: payload,
    },
  }
}
