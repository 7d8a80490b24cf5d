import type { KeyObject } from 'node:crypto'

/** A way of signing requests: one object in one file; adding one touches no other file but the list in `schemes.ts`. */
export interface SignatureScheme {
  readonly name: string
  /** The header that carries the signature, in lower case. */
  readonly header: string
  /** `shared`: both sides know the secret. `key-pair`: `whsk_` signs, `whpk_` verifies. */
  readonly keys: 'shared' | 'key-pair'
  /** Whether a time is signed too, so that a request that was recorded can't be sent again much later. */
  readonly timestamped: boolean
  /** The same scheme with its signature in another header; missing where the scheme prescribes its headers. */
  readonly withHeader?: (header: string) => SignatureScheme
  /** Brings a body into the form it has to be sent in; `undefined` when it has none. Missing where any bytes will do. */
  readonly form?: (body: Uint8Array) => Uint8Array | undefined
  /** Checks a secret and prepares its key once. @throws {CarabinerError} SECRET_INVALID */
  prepare(secret: string): PreparedKey
  /**
   * Headers of a signed request, lower-case names. `keys` are all valid now; a scheme that carries one value uses the first.
   *
   * @throws {CarabinerError} SECRET_INVALID without a key; SIGNATURE_INVALID when the scheme can't sign such a request
   */
  sign(input: SigningInput, keys: readonly PreparedKey[]): Readonly<Record<string, string>>
  /** Constant time; never throws on malformed input; any of the keys may match. */
  verify(input: VerificationInput, keys: readonly PreparedKey[]): Verification
}

/** A key made ready by the scheme that uses it. */
export interface PreparedKey {
  readonly scheme: string
  readonly key: KeyObject
}

export interface SigningInput {
  /** The message's id; of a callback, the id exactly as in its path. */
  readonly id: string
  /** UTC seconds, a whole number. */
  readonly timestamp: number
  readonly body: Uint8Array
  /** The URL as it is called. Only `twilio` signs it. */
  readonly url?: string
  /** Form parameters. @defaultValue those in the body */
  readonly params?: FormParams
}

export interface VerificationInput {
  /** Looks a header up by its lower-case name. */
  header(name: string): string | undefined
  readonly body: Uint8Array
  /** UTC seconds, to judge the timestamp's age. */
  readonly now: number
  /** Seconds a timestamp may be off, both ways. @defaultValue 300 */
  readonly tolerance?: number
  /** The id exactly as in the path. Only `awa` looks at it: the other schemes read it from a header. */
  readonly id?: string
  /** The URL as the sender called it. Only `twilio` looks at it. */
  readonly url?: string
  /** Form parameters. @defaultValue those in the body */
  readonly params?: FormParams
}

export type FormParams = Readonly<Record<string, string | readonly string[]>>

/** `missing`: the request carries no such signature. `mismatch`: it carries one that no key made. */
export type Verification =
  | { readonly kind: 'verified' }
  | { readonly kind: 'missing'; readonly reason: string }
  | { readonly kind: 'malformed'; readonly reason: string }
  | { readonly kind: 'expired'; readonly reason: string }
  | { readonly kind: 'mismatch'; readonly reason: string }
