import type { Verification } from '../delivery/signing/scheme.ts'
import { schemes } from '../delivery/signing/schemes.ts'
import { fittingKeys } from '../delivery/signing/signer.ts'
import { messageOf } from '../errors.ts'
import { type RawRequest, type RequestHeaders, readRaw } from './webhook-request.ts'

/** What every scheme says of a request. */
export interface SignatureReport {
  /** At least one scheme verifies it. */
  readonly verified: boolean
  /** One entry for each scheme whose signature the request carries. */
  readonly schemes: readonly SchemeReport[]
  /** For people: `standard: verified; servo: x-servo-signature was not made with …`. */
  readonly text: string
}

/** What one signature scheme found in a request. */
export interface SchemeReport {
  readonly scheme: string
  readonly verified: boolean
  /** Why not. */
  readonly reason?: string
}

/**
 * Says which signatures of a request verify and why the others do not: to find out what is wrong, not to let requests in
 * (`verifyWebhook` does that).
 *
 * @param now - UTC milliseconds
 */
export function inspectSignatures(
  headers: RequestHeaders,
  body: RawRequest['body'],
  secrets: readonly string[],
  now: number = Date.now(),
): SignatureReport {
  const request = readRaw({ headers, body })
  const input = {
    header: (name: string) => request.headers.get(name),
    body: request.body,
    now: Math.floor(now / 1_000),
  }
  const reports: SchemeReport[] = []
  for (const scheme of schemes) {
    if (scheme.verify(input, []).kind === 'missing') continue
    reports.push(report(scheme.name, () => scheme.verify(input, fittingKeys(scheme, secrets))))
  }
  const text = reports.map(({ scheme, reason = 'verified' }) => `${scheme}: ${reason}`).join('; ')
  return {
    verified: reports.some(({ verified }) => verified),
    schemes: reports,
    text: text === '' ? 'the request carries no signature' : text,
  }
}

function report(scheme: string, verify: () => Verification): SchemeReport {
  try {
    const verification = verify()
    return verification.kind === 'verified'
      ? { scheme, verified: true }
      : { scheme, verified: false, reason: verification.reason }
  } catch (error) {
    // A secret that this scheme can't use is a finding like any other here.
    return { scheme, verified: false, reason: messageOf(error) }
  }
}
