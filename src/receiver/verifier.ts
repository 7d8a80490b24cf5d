import type {
  PreparedKey,
  SignatureScheme,
  Verification,
  VerificationInput,
} from '../delivery/signing/scheme.ts'
import { schemeNamed } from '../delivery/signing/schemes.ts'
import { invalidSecret } from '../delivery/signing/secret.ts'
import { fittingKeys } from '../delivery/signing/signer.ts'
import { CarabinerError } from '../errors.ts'
import { type ReceivedRequest, readRequest, type WebhookRequest } from './webhook-request.ts'

/** What a request is verified with. */
export interface VerifyOptions {
  /** The webhook's secret; several while it is being rotated, any of them may fit. */
  readonly secret: string | readonly string[]
  /**
   * Names of the schemes that are accepted; the request needs one of them. With `['standard']` a request without a signed
   * time is refused.
   *
   * @defaultValue `['standard', 'standard-v1a', 'servo']`, those the secrets fit
   */
  readonly schemes?: readonly string[]
  /** Seconds by which a signed time may differ from ours, both ways. @defaultValue 300 */
  readonly tolerance?: number
  /** UTC milliseconds. @defaultValue `Date.now` */
  readonly now?: () => number
  /** Bytes of a web `Request` that are read. @defaultValue 1 MiB */
  readonly bodyLimit?: number
}

/** Reads a request and gives it back when it is signed. Keys are prepared once. */
export type Verifier = (request: WebhookRequest) => Promise<VerifiedRequest>

export interface VerifiedRequest extends ReceivedRequest {
  /** Names of the schemes that verified it. */
  readonly verified: readonly string[]
}

const defaultSchemes = ['standard', 'standard-v1a', 'servo']
const defaultBodyLimit = 1_048_576

interface Accepted {
  readonly scheme: SignatureScheme
  readonly keys: readonly PreparedKey[]
}

/** @throws {CarabinerError} SECRET_INVALID; the verifier itself SIGNATURE_INVALID or MESSAGE_TOO_LARGE */
export function createVerifier(options: VerifyOptions): Verifier {
  const { tolerance, now = Date.now, bodyLimit = defaultBodyLimit } = options
  const accepted = acceptedBy(options)

  return async (request) => {
    const received = await readRequest(request, bodyLimit)
    const verified = judge(accepted, {
      header: (name) => received.headers.get(name),
      body: received.body,
      now: Math.floor(now() / 1_000),
      ...(tolerance !== undefined && { tolerance }),
    })
    return { ...received, verified }
  }
}

/** Says why a request is not believed; no secret, and nothing of what a right signature would have been. */
export function refused(reason: string): CarabinerError {
  return new CarabinerError('SIGNATURE_INVALID', `webhook refused: ${reason}`)
}

function acceptedBy({ secret, schemes }: VerifyOptions): readonly Accepted[] {
  const secrets = typeof secret === 'string' ? [secret] : (secret ?? [])
  const all = (schemes ?? defaultSchemes).map((name) => {
    const scheme = schemeNamed(name)
    return { scheme, keys: fittingKeys(scheme, secrets) }
  })
  const fitting = all.filter(({ keys }) => keys.length > 0)

  const left = schemes === undefined ? undefined : all.find(({ keys }) => keys.length === 0)
  if (fitting.length === 0 || left !== undefined) {
    throw invalidSecret((left ?? all[0])?.scheme.name ?? 'webhook', 'there is none for it')
  }
  return fitting
}

/**
 * The names of the schemes that verify.
 *
 * One good signature is enough, as a scheme with one value knows only the newest of several secrets. But where a time is
 * signed, that signature decides: a body signed without it must not carry a changed time past the check.
 *
 * @throws {CarabinerError} SIGNATURE_INVALID
 */
function judge(accepted: readonly Accepted[], input: VerificationInput): readonly string[] {
  const verdicts = accepted.map(({ scheme, keys }) => ({
    scheme,
    verification: scheme.verify(input, keys),
  }))
  const present = verdicts.filter(({ verification }) => verification.kind !== 'missing')
  const timed = present.filter(({ scheme }) => scheme.timestamped)
  const deciding = [timed, present].find((each) => each.length > 0) ?? verdicts

  if (!deciding.some(({ verification }) => verification.kind === 'verified')) {
    throw refused(deciding.map(({ verification }) => reasonOf(verification)).join('; '))
  }
  return present
    .filter(({ verification }) => verification.kind === 'verified')
    .map(({ scheme }) => scheme.name)
}

function reasonOf(verification: Verification): string {
  return verification.kind === 'verified' ? 'verified' : verification.reason
}
