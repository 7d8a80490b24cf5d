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
import { decodeBase64, firstKey, invalidSecret, sharedKey } from './secret.ts'
import { envelopeHeaders, envelopePrefix, readEnvelope, verdict } from './standard-envelope.ts'

/** Standard Webhooks with a shared secret (v1): HMAC-SHA256 over `id.timestamp.body`, one value for each secret. */
export const standard: SignatureScheme = {
  name: 'standard',
  header: 'webhook-signature',
  keys: 'shared',
  timestamped: true,
  prepare: (secret) => sharedKey('standard', secret, keyBytes),
  sign,
  verify,
}

const prefix = 'whsec_'

function keyBytes(secret: string): Uint8Array {
  if (!secret.startsWith(prefix)) return Buffer.from(secret, 'utf8')

  const key = decodeBase64(secret.slice(prefix.length))
  if (key === undefined) throw invalidSecret('standard', 'what follows `whsec_` is not base64')
  if (key.length < 24 || key.length > 64) {
    throw invalidSecret('standard', `a \`whsec_\` key has 24 to 64 bytes, got ${key.length}`)
  }
  return key
}

function sign(input: SigningInput, keys: readonly PreparedKey[]): Readonly<Record<string, string>> {
  firstKey('standard', keys)
  const start = envelopePrefix(input)
  const signatures = keys.map(({ key }) => `v1,${signature(start, input.body, key)}`)
  return envelopeHeaders(input, signatures)
}

function verify(input: VerificationInput, keys: readonly PreparedKey[]): Verification {
  const envelope = readEnvelope(input, 'v1')
  if (envelope.kind !== 'envelope') return envelope

  const expected = keys.map(({ key }) => signature(envelope.prefix, input.body, key))
  return verdict(anyMatches(envelope.signatures, expected))
}

function signature(start: string, body: Uint8Array, key: KeyObject): string {
  return hmacSha256(key, start, body, 'base64')
}
