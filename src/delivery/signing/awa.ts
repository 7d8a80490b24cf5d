import { blake3 } from '@noble/hashes/blake3.js'
import { headerScheme } from './header-scheme.ts'
import type { SignatureScheme } from './scheme.ts'
import { invalidSecret, sharedKey } from './secret.ts'

/** Of callbacks: BLAKE3 keyed hash of the callback's id alone, in hex. One signature serves all actions on that id. */
export const awa: SignatureScheme = headerScheme({
  name: 'awa',
  header: 'x-awa-signature',
  shape: /^[0-9a-fA-F]{64}$/,
  signs: "a callback's id",
  value({ id }, key) {
    if (id === undefined) return undefined
    const digest = blake3(Buffer.from(id, 'utf8'), { key: key.export() })
    return Buffer.from(digest).toString('hex')
  },
  normalize: (value) => value.toLowerCase(),
  prepare: (secret) => sharedKey('awa', secret, keyBytes),
})

function keyBytes(secret: string): Uint8Array {
  if (!/^[0-9a-fA-F]{64}$/.test(secret)) {
    throw invalidSecret('awa', 'expected 32 bytes as 64 hex digits')
  }
  return Buffer.from(secret, 'hex')
}
