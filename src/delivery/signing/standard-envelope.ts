import type { SigningInput, Verification, VerificationInput } from './scheme.ts'
import { judgeAge, parseTimestamp, requireTimestamp } from './timestamp.ts'

/** Signatures of one version that are looked at; a header with more is refused, so that one request can't buy much work. */
const maxSignatures = 32

/** What Standard Webhooks signs, and the signatures of one version that came with it. */
export interface Envelope {
  readonly kind: 'envelope'
  /** `id.timestamp.`; the body follows. */
  readonly prefix: string
  /** Without their version. */
  readonly signatures: readonly string[]
}

export type Version = 'v1' | 'v1a'

/** The three headers of Standard Webhooks. */
export function envelopeHeaders(
  { id, timestamp }: SigningInput,
  signatures: readonly string[],
): Record<string, string> {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatures.join(' '),
  }
}

/** `id.timestamp.`: what is signed before the body. */
export function envelopePrefix({ id, timestamp }: SigningInput): string {
  requireTimestamp(timestamp)
  return `${id}.${timestamp}.`
}

/** Reads the three headers with the signatures of one version, and judges the age; or says why there is nothing to compare. */
export function readEnvelope(input: VerificationInput, version: Version): Envelope | Verification {
  const signatures = signaturesOf(input.header('webhook-signature') ?? '', version)
  if (signatures.length === 0) {
    return { kind: 'missing', reason: `no ${version} signature in a webhook-signature header` }
  }
  if (signatures.length > maxSignatures) {
    const reason = `more than ${maxSignatures} signatures in the webhook-signature header`
    return { kind: 'malformed', reason }
  }

  const id = input.header('webhook-id') ?? ''
  if (id === '') return { kind: 'malformed', reason: 'missing webhook-id header' }
  const timestamp = parseTimestamp(input.header('webhook-timestamp') ?? '')
  if (timestamp === undefined) {
    const reason = 'the webhook-timestamp header is not a time in whole seconds'
    return { kind: 'malformed', reason }
  }

  const expired = judgeAge(timestamp, input)
  return expired ?? { kind: 'envelope', prefix: `${id}.${timestamp}.`, signatures }
}

/** What a comparison came to, in the words of the scheme's headers. */
export function verdict(matched: boolean): Verification {
  if (matched) return { kind: 'verified' }
  const reason = 'webhook-signature was not made with this secret over this id, timestamp and body'
  return { kind: 'mismatch', reason }
}

function signaturesOf(list: string, version: Version): string[] {
  const mark = `${version},`
  return list
    .split(' ')
    .filter((each) => each.startsWith(mark))
    .map((each) => each.slice(mark.length))
}
