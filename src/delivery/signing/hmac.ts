import { createHmac, type KeyObject } from 'node:crypto'
import { headerScheme } from './header-scheme.ts'
import { hmacSha256 } from './hmac-sha256.ts'
import type { SignatureScheme } from './scheme.ts'

/** A scheme that is an HMAC over the raw body in a header, and how that is written. */
export interface HmacSchemeOptions {
  readonly name: string
  readonly header: string
  readonly algorithm: 'sha1' | 'sha256' | 'sha512'
  readonly encoding: 'hex' | 'base64'
  /** Before the digest. @defaultValue nothing */
  readonly prefix?: string
}

/** Makes a scheme out of its parts: most providers sign so, each with another header. */
export function hmacScheme(options: HmacSchemeOptions): SignatureScheme {
  const { name, header, prefix = '' } = options
  return headerScheme({
    name,
    header: header.toLowerCase(),
    shape: shapeOf(options),
    signs: 'the body',
    value: ({ body }, key) => prefix + mac(options, body, key),
  })
}

function mac({ algorithm, encoding }: HmacSchemeOptions, body: Uint8Array, key: KeyObject): string {
  return algorithm === 'sha256'
    ? hmacSha256(key, '', body, encoding)
    : createHmac(algorithm, key).update(body).digest(encoding)
}

const digestBytes = { sha1: 20, sha256: 32, sha512: 64 }

function shapeOf({ algorithm, encoding, prefix = '' }: HmacSchemeOptions): RegExp {
  const bytes = digestBytes[algorithm]
  const digest = encoding === 'hex' ? `[0-9a-f]{${bytes * 2}}` : base64Shape(bytes)
  return new RegExp(`^${literal(prefix)}${digest}$`)
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

function base64Shape(bytes: number): string {
  const padding = (3 - (bytes % 3)) % 3
  const length = Math.ceil(bytes / 3) * 4
  return `[A-Za-z0-9+/]{${length - padding}}={${padding}}`
}
