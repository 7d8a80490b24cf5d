/** A way of signing requests: one object in one file; adding one touches no other file but the list in `schemes.ts`. */
export interface SignatureScheme {
  readonly name: string
  /** Checks a secret and prepares its key once. @throws {CarabinerError} SECRET_INVALID */
  prepare(secret: string): PreparedKey
  /** Headers of a signed request, lower-case names. `keys` are all valid now; a scheme that carries one value uses the first. */
  sign(input: SigningInput, keys: readonly PreparedKey[]): Readonly<Record<string, string>>
  /** Constant time; never throws on malformed input; any of the keys may match. */
  verify(input: VerificationInput, keys: readonly PreparedKey[]): Verification
}

/** A key made ready by the scheme that uses it; opaque to everyone else. */
export interface PreparedKey {
  readonly scheme: string
}

export interface SigningInput {
  readonly id: string
  /** UTC seconds. */
  readonly timestamp: number
  readonly body: Uint8Array
}

export interface VerificationInput {
  /** Looks a header up by its lower-case name. */
  header(name: string): string | undefined
  readonly body: Uint8Array
  /** UTC seconds, to judge the timestamp's age. */
  readonly now: number
  /** Seconds a timestamp may be off, both ways. @defaultValue 300 */
  readonly tolerance?: number
}

/** `missing`: the request carries no such signature. `mismatch`: it carries one that no key made. */
export type Verification =
  | { readonly kind: 'verified' }
  | { readonly kind: 'missing'; readonly reason: string }
  | { readonly kind: 'malformed'; readonly reason: string }
  | { readonly kind: 'expired'; readonly reason: string }
  | { readonly kind: 'mismatch'; readonly reason: string }
