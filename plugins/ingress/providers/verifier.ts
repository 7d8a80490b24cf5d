import {
  CarabinerError,
  fittingKeys,
  newId,
  type PreparedKey,
  type SignatureScheme,
  type Verification,
} from 'carabiner'
import type { ProviderRequest, ProviderSample, ProviderVerdict } from './provider.ts'
import type { ProviderScheme } from './provider-kind.ts'

type VerificationInput = Parameters<SignatureScheme['verify']>[0]

interface Part {
  readonly scheme: SignatureScheme
  readonly proof: string
  readonly keys: readonly PreparedKey[]
}

/** Verifies the requests of one integration, and signs samples. Keys are prepared once. */
export class Verifier {
  readonly #provider: string
  readonly #parts: readonly Part[]
  readonly #tolerance: number | undefined

  /**
   * @param schemes - any of them verifies; without one, whatever comes is taken
   * @param toleranceMs - how far a signed time may be off
   * @throws {CarabinerError} SECRET_INVALID when a secret is not fit for its scheme, or there is none
   */
  constructor(
    provider: string,
    schemes: readonly ProviderScheme[],
    secrets: readonly string[],
    toleranceMs: number | undefined,
  ) {
    this.#provider = provider
    this.#parts = schemes.map((each) => partOf(each, secrets)).filter(({ keys }) => keys.length > 0)
    this.#tolerance = toleranceMs === undefined ? undefined : toleranceMs / 1_000
    if (schemes.length > 0 && this.#parts.length === 0) {
      throw new CarabinerError('SECRET_INVALID', `no secret to verify ${provider} with`)
    }
  }

  verify(request: ProviderRequest): ProviderVerdict {
    if (this.#parts.length === 0) return { kind: 'verified' }

    const input = this.#inputOf(request)
    const verdicts = this.#parts.map((part) => ({
      part,
      verification: part.scheme.verify(input, part.keys),
    }))
    if (verdicts.some(({ verification }) => verification.kind === 'verified')) {
      return { kind: 'verified' }
    }
    const present = verdicts.find(({ verification }) => verification.kind !== 'missing')
    return { kind: 'refused', message: this.#refusal(present) }
  }

  sign({ body, url, now }: ProviderSample, id: string = newId()): Readonly<Record<string, string>> {
    if (this.#parts.length === 0) return {}

    const input = { id, timestamp: Math.floor(now / 1_000), body, url }
    for (const { scheme, keys } of this.#parts) {
      const key = keys.find((each) => each.key.type !== 'public')
      if (key !== undefined) return scheme.sign(input, [key])
    }
    const message = `a public key alone signs nothing as ${this.#provider}`
    throw new CarabinerError('SIGNATURE_INVALID', message)
  }

  #inputOf(request: ProviderRequest): VerificationInput {
    return {
      header: (name) => request.header(name),
      body: request.bytes,
      url: request.url,
      now: Math.floor(request.now / 1_000),
      ...(this.#tolerance !== undefined && { tolerance: this.#tolerance }),
    }
  }

  #refusal(present: { part: Part; verification: Verification } | undefined): string {
    if (present === undefined) return `Missing ${this.#parts[0]?.scheme.header} header`
    const { part, verification } = present
    const refusal = `Invalid ${this.#provider} ${part.proof}`
    return verification.kind === 'expired' ? `${refusal}: ${verification.reason}` : refusal
  }
}

function partOf(
  { scheme, proof = 'webhook signature', takes = () => true }: ProviderScheme,
  secrets: readonly string[],
): Part {
  return { scheme, proof, keys: fittingKeys(scheme, secrets.filter(takes)) }
}
