import type { Json } from 'carabiner'

/** What a provider's webhooks are: how they are known to be genuine, and what they say. One file for each. */
export interface Provider {
  readonly name: string
  /** `json`: application/json (and +json). `form`: application/x-www-form-urlencoded; both where the provider sends both. */
  readonly bodies: readonly BodyForm[]
  /** Whether it is genuine. Constant time, never throws. `message` is the text of the 401. */
  verify(request: ProviderRequest): ProviderVerdict
  /** A handshake that is answered at once, after it was verified; `undefined`: an event. Nothing is stored. */
  handshake?(request: ProviderRequest, payload: JsonObject): HandshakeAnswer | undefined
  /** What it says, in our terms; or what does not fit. Never throws. */
  normalize(request: ProviderRequest, payload: JsonObject): Normalization
  /**
   * The headers with which the provider would send a sample: signed with the first secret, lower-case names, without the content type.
   *
   * @throws {CarabinerError} SIGNATURE_INVALID when such a request can't be signed
   */
  sign(sample: ProviderSample): Readonly<Record<string, string>>
  /** Header names, lower case, whose values are credentials or signatures: masked wherever they are kept. */
  readonly secretHeaders: readonly string[]
  /** A built-in provider has one. */
  readonly sample?: Sample
}

export type BodyForm = 'json' | 'form'

/** A request as it came. */
export interface ProviderRequest {
  /** Looks a header up by its lower-case name. */
  header(name: string): string | undefined
  readonly bytes: Uint8Array
  /** As the sender called it: the public URL with path and query. */
  readonly url: string
  /** UTC milliseconds. */
  readonly now: number
}

export type ProviderVerdict =
  | { readonly kind: 'verified' }
  | { readonly kind: 'refused'; readonly message: string }

export interface HandshakeAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

export type Normalization =
  | { readonly kind: 'event'; readonly event: NormalizedWebhook }
  | { readonly kind: 'misfit'; readonly errors: readonly Misfit[] }

/** A field that is missing or not what it has to be. */
export interface Misfit {
  readonly pointer: string
  readonly message: string
}

/** What a provider's webhook says, in our terms. */
export interface NormalizedWebhook {
  readonly eventType: string
  /** The provider's id of the event; `null`: there is none, the payload's hash stands in. */
  readonly externalEventId: string | null
  /** UTC milliseconds. */
  readonly occurredAt: number
  readonly subject: string | null
  /** What is delivered: `{ provider, eventType, externalEventId, data }`, of globex `resource` in place of `data`. */
  readonly payload: JsonObject
}

/** A request that is to be signed as the provider does. */
export interface ProviderSample {
  readonly body: Uint8Array
  readonly contentType: string
  readonly url: string
  /** UTC milliseconds. */
  readonly now: number
  /** What the provider names in a header: GitHub's event, Shopify's topic. @defaultValue what the body lets guess */
  readonly event?: string
}

/** A body as the provider could send it, to try it with. */
export interface Sample {
  readonly contentType: string
  readonly body: string
}

export interface JsonObject {
  readonly [key: string]: Json
}
