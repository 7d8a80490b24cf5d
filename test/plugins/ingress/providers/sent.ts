import assert from 'node:assert/strict'
import type {
  JsonObject,
  NormalizedWebhook,
  Provider,
  ProviderRequest,
  ProviderVerdict,
} from '../../../../plugins/ingress/providers/provider.ts'

/** A request as it is on the wire. */
export interface Sent {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Uint8Array
  readonly url: string
  /** When it comes in, UTC milliseconds. */
  readonly now: number
}

export const now = Date.UTC(2026, 0, 5, 9, 31)
export const json = 'application/json'
export const form = 'application/x-www-form-urlencoded'

export function urlOf({ name }: Pick<Provider, 'name'>): string {
  return `https://hooks.example.com/api/v1/webhooks/${name}`
}

/** The request with which `provider.sign` sends a body; without one, the provider's own sample. */
export function signed(
  provider: Provider,
  options: {
    readonly body?: string | Uint8Array
    readonly contentType?: string
    readonly url?: string
    readonly event?: string
    /** When it is signed. @defaultValue `now` */
    readonly at?: number
  } = {},
): Sent {
  const { url = urlOf(provider), event, at = now } = options
  const contentType = options.contentType ?? provider.sample?.contentType ?? json
  const body = Buffer.from(options.body ?? provider.sample?.body ?? '{}')
  const sample = { body, contentType, url, now: at, ...(event !== undefined && { event }) }
  return { headers: { 'content-type': contentType, ...provider.sign(sample) }, body, url, now: at }
}

export function verdictOn(provider: Provider, sent: Sent): ProviderVerdict {
  return provider.verify(requestOf(sent))
}

/** What the provider says, of a request that is an event. */
export function eventOf(provider: Provider, sent: Sent): NormalizedWebhook {
  const normalization = provider.normalize(requestOf(sent), payloadOf(sent))
  assert.equal(normalization.kind, 'event', JSON.stringify(normalization))
  return normalization.event
}

export function requestOf({ headers, body, url, now: at }: Sent): ProviderRequest {
  return { header: (name) => headers[name], bytes: body, url, now: at }
}

/** The body as an object: what the intake makes of it. */
export function payloadOf({ headers, body }: Sent): JsonObject {
  const text = Buffer.from(body).toString('utf8')
  if (headers['content-type'] === form) return Object.fromEntries(new URLSearchParams(text))
  const payload: JsonObject = JSON.parse(text)
  return payload
}
