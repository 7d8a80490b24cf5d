import type { PreparedKey, SignatureScheme, SigningInput } from './scheme.ts'
import { schemeNamed } from './schemes.ts'
import { invalidSecret, isOfKeyPair, requireSecret } from './secret.ts'

/** Signs the requests to one endpoint, by all its schemes. Keys are prepared once; nothing is kept of a request. */
export class Signer {
  readonly #parts: readonly { scheme: SignatureScheme; keys: readonly PreparedKey[] }[]

  /**
   * @param schemeNames - none: requests carry no signature
   * @param secrets - all that are valid now, the newest first. `whsk_…` keys are for schemes with a key pair, all others for the rest
   * @throws {CarabinerError} SECRET_INVALID when a secret is not fit for its scheme, or a scheme is left without
   * @throws {TypeError} for a scheme that does not exist
   */
  constructor(schemeNames: readonly string[], secrets: readonly string[]) {
    this.#parts = [...new Set(schemeNames)].map((name) => {
      const scheme = schemeNamed(name)
      return { scheme, keys: signingKeys(scheme, secrets) }
    })
  }

  /**
   * The headers that sign one request, lower-case names. Ask anew for each attempt: the timestamp is signed too.
   *
   * @throws {CarabinerError} SIGNATURE_INVALID when a scheme can't sign such a request (`pyfly` a body that is not JSON)
   */
  headers(input: SigningInput): Readonly<Record<string, string>> {
    const [only] = this.#parts
    if (only !== undefined && this.#parts.length === 1) return only.scheme.sign(input, only.keys)

    const headers: Record<string, string> = {}
    for (const { scheme, keys } of this.#parts) {
      for (const [name, value] of Object.entries(scheme.sign(input, keys))) {
        const before = headers[name]
        // `standard` and `standard-v1a` share a header, whose signatures stand side by side.
        const shared = before !== undefined && name === scheme.header
        headers[name] = shared ? `${before} ${value}` : value
      }
    }
    return headers
  }
}

/** The secrets that belong to a scheme, made ready; maybe none. @throws {CarabinerError} SECRET_INVALID */
export function fittingKeys(scheme: SignatureScheme, secrets: readonly string[]): PreparedKey[] {
  for (const secret of secrets) requireSecret(scheme.name, secret)
  return secrets
    .filter((secret) => isOfKeyPair(secret) === (scheme.keys === 'key-pair'))
    .map((secret) => scheme.prepare(secret))
}

function signingKeys(scheme: SignatureScheme, secrets: readonly string[]): PreparedKey[] {
  const keys = fittingKeys(scheme, secrets).filter(({ key }) => key.type !== 'public')
  if (keys.length > 0) return keys
  const why =
    scheme.keys === 'key-pair' ? 'signing needs a `whsk_` key' : 'a shared secret is missing'
  throw invalidSecret(scheme.name, why)
}
