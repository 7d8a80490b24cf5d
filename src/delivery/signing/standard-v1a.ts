import {
  createPrivateKey,
  createPublicKey,
  sign as ed25519Sign,
  verify as ed25519Verify,
  type KeyObject,
} from 'node:crypto'
import type {
  PreparedKey,
  SignatureScheme,
  SigningInput,
  Verification,
  VerificationInput,
} from './scheme.ts'
import { decodeBase64, invalidSecret, requireSecret } from './secret.ts'
import { envelopeHeaders, envelopePrefix, readEnvelope, verdict } from './standard-envelope.ts'

const name = 'standard-v1a'

/** Standard Webhooks with a key pair (v1a): Ed25519 over `id.timestamp.body`. `whsk_` signs and verifies, `whpk_` verifies. */
export const standardV1a: SignatureScheme = {
  name,
  header: 'webhook-signature',
  keys: 'key-pair',
  timestamped: true,
  prepare,
  sign,
  verify,
}

/** What comes before an Ed25519 seed in PKCS #8 (RFC 8410 §7), and before a public key in SPKI (§4). */
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex')
const spki = Buffer.from('302a300506032b6570032100', 'hex')

function prepare(secret: string): PreparedKey {
  requireSecret(name, secret)
  const bytes = decodeBase64(secret.slice('whsk_'.length))
  if (bytes !== undefined && secret.startsWith('whsk_')) {
    return { scheme: name, key: privateKey(bytes) }
  }
  if (bytes !== undefined && secret.startsWith('whpk_')) {
    return { scheme: name, key: publicKey(bytes) }
  }
  throw invalidSecret(name, 'expected `whsk_` or `whpk_` and base64')
}

/** A seed of 32 bytes, alone or followed by its public key. */
function privateKey(bytes: Buffer): KeyObject {
  if (bytes.length !== 32 && bytes.length !== 64) {
    throw invalidSecret(name, `a \`whsk_\` key has 32 or 64 bytes, got ${bytes.length}`)
  }
  const seed = bytes.subarray(0, 32)
  const key = createPrivateKey({
    key: Buffer.concat([pkcs8, seed]),
    format: 'der',
    type: 'pkcs8',
  })
  if (bytes.length === 64 && !publicKey(bytes.subarray(32)).equals(createPublicKey(key))) {
    throw invalidSecret(name, 'the public half of the `whsk_` key does not belong to it')
  }
  return key
}

function publicKey(bytes: Buffer): KeyObject {
  if (bytes.length !== 32) {
    throw invalidSecret(name, `a \`whpk_\` key has 32 bytes, got ${bytes.length}`)
  }
  return createPublicKey({ key: Buffer.concat([spki, bytes]), format: 'der', type: 'spki' })
}

function sign(input: SigningInput, keys: readonly PreparedKey[]): Readonly<Record<string, string>> {
  const signing = keys.filter(({ key }) => key.type === 'private')
  if (signing.length === 0) throw invalidSecret(name, 'signing needs a `whsk_` key')

  const content = signedContent(envelopePrefix(input), input.body)
  const signatures = signing.map(
    ({ key }) => `v1a,${ed25519Sign(null, content, key).toString('base64')}`,
  )
  return envelopeHeaders(input, signatures)
}

function verify(input: VerificationInput, keys: readonly PreparedKey[]): Verification {
  const envelope = readEnvelope(input, 'v1a')
  if (envelope.kind !== 'envelope') return envelope

  const content = signedContent(envelope.prefix, input.body)
  // Nothing here is secret: a signature is checked with public keys, so the first that fits ends the search.
  const matched = envelope.signatures.some((text) => {
    const signature = decodeBase64(text)
    return (
      signature?.length === 64 &&
      keys.some(({ key }) => ed25519Verify(null, content, key, signature))
    )
  })
  return verdict(matched)
}

function signedContent(start: string, body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(start, 'utf8'), body])
}
