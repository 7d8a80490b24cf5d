import { randomBytes } from 'node:crypto'
import { signatureSchemes } from 'carabiner'

/** A new secret that these signature schemes can sign with: 32 random bytes, shared, or the seed of a key pair. */
export function generateSecret(schemes: readonly string[]): string {
  const prefix = schemes.some(signsWithKeyPair) ? 'whsk_' : 'whsec_'
  return prefix + randomBytes(32).toString('base64')
}

/** Whether a scheme signs with a private key, rather than a secret that the receiver knows too. */
export function signsWithKeyPair(scheme: string): boolean {
  return signatureSchemes.some(({ name, keys }) => name === scheme && keys === 'key-pair')
}
