import { awa } from '../delivery/signing/awa.ts'
import type { PreparedKey } from '../delivery/signing/scheme.ts'
import { standard } from '../delivery/signing/standard.ts'
import { CarabinerError } from '../errors.ts'
import { isSigned } from './callback-signature.ts'

/** Who may answer callbacks: whoever signs with a secret, or everybody who can reach the routes. */
export interface CallbackSecurity {
  /** 64 hex digits; several while they are rotated: any of them may have signed. */
  readonly secret?: string | readonly string[] | undefined
  /** Lets everybody answer who can reach the routes. They change state: protect them by other means. @defaultValue false */
  readonly allowUnsigned?: boolean | undefined
  /**
   * `standard`: a Standard Webhooks signature over the body is needed as well, made with one of the secrets at most 5 minutes ago, with the callback's id
   * as its `webhook-id`.
   *
   * @defaultValue none
   */
  readonly signatures?: readonly 'standard'[] | undefined
}

/** Looks a header up by its lower-case name. */
export type HeaderLookup = (name: string) => string | undefined

/** Why a request is not let in. */
export type AccessRefusal =
  | 'missing X-Awa-Signature header'
  | 'invalid X-Awa-Signature header'
  | 'invalid callback signature'

/** Decides who is let in; its keys are prepared once. */
export interface CallbackAccess {
  /** By the id as it stands in the path; before anything else of the request is looked at. */
  refuseId(id: string, signature: string | undefined): AccessRefusal | undefined
  /** By the body, where that must be signed too. @param now - UTC milliseconds */
  refuseBody(
    id: string,
    header: HeaderLookup,
    body: Uint8Array,
    now: number,
  ): AccessRefusal | undefined
}

/** @throws {CarabinerError} SECRET_INVALID for a secret that is none, for none, and for one beside `allowUnsigned` */
export function callbackAccess(security: CallbackSecurity): CallbackAccess {
  const secrets = [security.secret ?? []].flat()
  const { allowUnsigned, signatures = [] } = security
  // From JavaScript anything may come: the text `false` of a variable opens nothing.
  if (allowUnsigned === true) {
    if (secrets.length > 0) throw refusal('secret and allow_unsigned are mutually exclusive')
    if (signatures.length > 0) throw refusal('signatures need a secret')
    return { refuseId: () => undefined, refuseBody: () => undefined }
  }
  if (secrets.length === 0) throw refusal('a callback signing secret is required')
  const keys = secrets.map(awa.prepare)
  const bodyKeys = signatures.length > 0 ? secrets.map(standard.prepare) : []
  return {
    refuseId: (id, signature) => refuseId(id, signature, keys),
    refuseBody: (id, header, body, now) =>
      bodyKeys.length === 0 || isBodySigned({ id, header, body, now }, bodyKeys)
        ? undefined
        : 'invalid callback signature',
  }
}

function refuseId(
  id: string,
  signature: string | undefined,
  keys: readonly PreparedKey[],
): AccessRefusal | undefined {
  if (signature === undefined || signature === '') return 'missing X-Awa-Signature header'
  if (!/^[\t\x20-\x7e]*$/.test(signature)) return 'invalid X-Awa-Signature header'
  return isSigned(id, signature, keys) ? undefined : 'invalid callback signature'
}

interface SignedBody {
  readonly id: string
  readonly header: HeaderLookup
  readonly body: Uint8Array
  readonly now: number
}

function isBodySigned(
  { id, header, body, now }: SignedBody,
  keys: readonly PreparedKey[],
): boolean {
  // Signed together with the body: what was signed for one callback is of no use for another.
  if (header('webhook-id') !== id) return false
  const input = { header, body, now: Math.floor(now / 1_000) }
  return standard.verify(input, keys).kind === 'verified'
}

function refusal(message: string): CarabinerError {
  return new CarabinerError('SECRET_INVALID', message)
}
