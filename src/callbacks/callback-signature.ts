import { awa } from '../delivery/signing/awa.ts'
import type { PreparedKey } from '../delivery/signing/scheme.ts'

/** The header that carries a callback's signature. */
export const callbackSignatureHeader = 'X-Awa-Signature'

const nothing = new Uint8Array()

/**
 * Signs a callback's id: the value of `X-Awa-Signature` for each of the three routes of that id.
 *
 * @param id - exactly as it stands in the path
 * @param secret - 64 hex digits
 * @throws {CarabinerError} SECRET_INVALID
 * @example
 * ```ts
 * import { callbackSignatureHeader, signCallback } from 'carabiner/callbacks'
 *
 * const headers = { [callbackSignatureHeader]: signCallback(order.id, secret) }
 * ```
 */
export function signCallback(id: string, secret: string): string {
  const keys = [awa.prepare(secret)]
  const { [awa.header]: signature } = awa.sign({ id, timestamp: 0, body: nothing }, keys)
  if (signature === undefined) throw new TypeError(`\`awa\` signs in ${awa.header}`)
  return signature
}

/**
 * Whether any of the secrets has made this signature of this id. Constant time; malformed signatures are `false`.
 *
 * @param id - exactly as it stands in the path
 * @throws {CarabinerError} SECRET_INVALID
 */
export function verifyCallback(
  id: string,
  signature: string,
  secret: string | readonly string[],
): boolean {
  return isSigned(id, signature, [secret].flat().map(awa.prepare))
}

export function isSigned(id: string, signature: string, keys: readonly PreparedKey[]): boolean {
  const input = { id, header: () => signature, body: nothing, now: 0 }
  return awa.verify(input, keys).kind === 'verified'
}
