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

const name = 'slack'
const header = 'x-slack-signature'
const timestampHeader = 'x-slack-request-timestamp'

/** As Slack signs its requests: HMAC-SHA256 over `v0:timestamp:body`, in hex after `v0=`. */
export const slack: SignatureScheme = {
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
  return { [timestampHeader]: String(timestamp), [header]: signature(timestamp, body, key) }
}

function verify(input: VerificationInput, keys: readonly PreparedKey[]): Verification {
  const given = input.header(header) ?? ''
  if (given === '') return { kind: 'missing', reason: `missing ${header} header` }
  if (!/^v0=[0-9a-f]{64}$/.test(given)) {
    return { kind: 'malformed', reason: `malformed ${header} header` }
  }

  const timestamp = parseTimestamp(input.header(timestampHeader) ?? '')
  if (timestamp === undefined) {
    const reason = `the ${timestampHeader} header is not a time in whole seconds`
    return { kind: 'malformed', reason }
  }
  const expired = judgeAge(timestamp, input)
  if (expired !== undefined) return expired

  const expected = keys.map(({ key }) => signature(timestamp, input.body, key))
  return anyMatches([given], expected)
    ? { kind: 'verified' }
    : { kind: 'mismatch', reason: `${header} was not made with this secret over this body` }
}

function signature(timestamp: number, body: Uint8Array, key: KeyObject): string {
  return `v0=${hmacSha256(key, `v0:${timestamp}:`, body, 'hex')}`
}
