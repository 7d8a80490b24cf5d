import { createSecretKey, randomBytes } from 'node:crypto'
import { CarabinerError } from '../../errors.ts'
import type { PreparedKey } from './scheme.ts'

/** A new secret for any scheme with a shared one: `whsec_` and 32 random bytes. */
export function generateSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`
}

/** A shared secret as a key: its UTF-8 bytes, unless the scheme reads them otherwise. @throws {CarabinerError} SECRET_INVALID */
export function sharedKey(
  scheme: string,
  secret: string,
  read: (secret: string) => Uint8Array = utf8,
): PreparedKey {
  requireSecret(scheme, secret)
  if (isOfKeyPair(secret)) {
    // A `whpk_` key is public: taken as a shared secret, anybody could sign with it.
    throw invalidSecret(scheme, 'one key of an Ed25519 pair is no shared secret')
  }
  return { scheme, key: createSecretKey(read(secret)) }
}

/** Whether a secret is one half of an Ed25519 key pair. */
export function isOfKeyPair(secret: string): boolean {
  return secret.startsWith('whsk_') || secret.startsWith('whpk_')
}

/** @throws {CarabinerError} SECRET_INVALID for an empty secret, and for one that is none (from JavaScript, or an unset variable) */
export function requireSecret(scheme: string, secret: unknown): asserts secret is string {
  if (typeof secret !== 'string') throw invalidSecret(scheme, 'it is missing')
  if (secret.trim() === '') throw invalidSecret(scheme, 'it is empty')
}

/** The key that signs where a scheme carries one value. @throws {CarabinerError} SECRET_INVALID when there is none */
export function firstKey(scheme: string, keys: readonly PreparedKey[]): PreparedKey {
  const [first] = keys
  if (first === undefined) throw invalidSecret(scheme, 'it is missing')
  return first
}

/** Says what is wrong with a secret; never the secret. */
export function invalidSecret(scheme: string, why: string, options?: ErrorOptions): CarabinerError {
  return new CarabinerError('SECRET_INVALID', `invalid secret for \`${scheme}\`: ${why}`, options)
}

/** Decodes base64 as RFC 4648 §4 writes it: padded, no other characters, no bits left over. */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}

function utf8(secret: string): Uint8Array {
  return Buffer.from(secret, 'utf8')
}
