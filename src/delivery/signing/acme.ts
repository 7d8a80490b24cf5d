import { hmacScheme } from './hmac.ts'
import type { SignatureScheme } from './scheme.ts'

/** HMAC-SHA256 over the raw body, in hex without a prefix. */
export const acme: SignatureScheme = hmacScheme({
  name: 'acme',
  header: 'x-acme-signature',
  algorithm: 'sha256',
  encoding: 'hex',
})
