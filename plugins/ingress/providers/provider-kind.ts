import type { SignatureScheme } from 'carabiner'
import type { Reading } from './facts.ts'
import type {
  BodyForm,
  HandshakeAnswer,
  JsonObject,
  ProviderRequest,
  ProviderSample,
  Sample,
} from './provider.ts'

/** What all integrations of a provider have in common: one object in one file; adding one touches no other file but the list. */
export interface ProviderKind {
  readonly bodies: readonly BodyForm[]
  /** Any of them verifies; none: whatever comes is taken. */
  readonly schemes: readonly ProviderScheme[]
  /** Further headers with credentials or signatures, lower case. */
  readonly secretHeaders?: readonly string[]
  /** Under which name the data is delivered. @defaultValue `data` */
  readonly member?: string
  readonly sample?: Sample
  /** Never throws. */
  read(request: ProviderRequest, payload: JsonObject): Reading
  handshake?(request: ProviderRequest, payload: JsonObject): HandshakeAnswer | undefined
  /** What the provider says in headers beside its signature, lower-case names. */
  headers?(sample: ProviderSample, id: string): Readonly<Record<string, string>>
}

export interface ProviderScheme {
  readonly scheme: SignatureScheme
  /** What is refused, as the 401 puts it. @defaultValue `webhook signature` */
  readonly proof?: string
  /** Whether a secret is meant for this scheme. @defaultValue every one is */
  readonly takes?: (secret: string) => boolean
}
