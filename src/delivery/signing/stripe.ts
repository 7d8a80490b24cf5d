import type { KeyObject } from 'node:crypto'
import { anyMatches } from './constant-time.ts'
import { hmacSha256 } from './hmac-sha256.ts'
import type {
  PreparedKey,
  SignatureScheme,
  SigningInput,
  Verification,
  VerificationInput,
} from './scheme.ts'
import { firstKey, sharedKey } from './secret.ts'
import { judgeAge, parseTimestamp, requireTimestamp } from './timestamp.ts'

const name = 'stripe'
const header = 'stripe-signature'
/** A header with more signatures is refused. */
const maxSignatures = 32

/** As Stripe signs its webhooks: HMAC-SHA256 over `t.body`, as `t=…,v1=…`. */
export const stripe: SignatureScheme = {
  name,
  header,
  keys: 'shared',
  timestamped: true,
  prepare: (secret) => sharedKey(name, secret),
  sign,
  verify,
}

function sign(
  { timestamp, body }: SigningInput,
  keys: readonly PreparedKey[],
): Readonly<Record<string, string>> {
  requireTimestamp(timestamp)
  const { key } = firstKey(name, keys)
  return { [header]: `t=${timestamp},v1=${signature(timestamp, body, key)}` }
}

function verify(input: VerificationInput, keys: readonly PreparedKey[]): Verification {
  const given = input.header(header) ?? ''
  if (given === '') return { kind: 'missing', reason: `missing ${header} header` }

  const parsed = parse(given)
  if (parsed === undefined) return { kind: 'malformed', reason: `malformed ${header} header` }

  const expired = judgeAge(parsed.timestamp, input)
  if (expired !== undefined) return expired

  const expected = keys.map(({ key }) => signature(parsed.timestamp, input.body, key))
  return anyMatches(parsed.signatures, expected)
    ? { kind: 'verified' }
    : { kind: 'mismatch', reason: `${header} was not made with this secret over this body` }
}

/** `t` once, `v1` once or more; what else has a name there (`v0` of test mode) is not looked at. */
function parse(value: string): { timestamp: number; signatures: string[] } | undefined {
  const parts = value.split(',')
  if (!parts.every((part) => /^[a-z]\w*=[^\s=]*$/i.test(part))) return undefined
  const [time, ...more] = parts.filter((part) => part.startsWith('t='))
  const timestamp = parseTimestamp(time?.slice(2) ?? '')
  const signatures = parts.filter((part) => part.startsWith('v1=')).map((part) => part.slice(3))

  if (timestamp === undefined || more.length > 0) return undefined
  if (signatures.length === 0 || signatures.length > maxSignatures) return undefined
  return { timestamp, signatures }
}

function signature(timestamp: number, body: Uint8Array, key: KeyObject): string {
  return hmacSha256(key, `${timestamp}.`, body, 'hex')
}
