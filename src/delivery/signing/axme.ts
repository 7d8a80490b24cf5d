import { hmacScheme } from './hmac.ts'
import type { SignatureScheme } from './scheme.ts'

/** HMAC-SHA256 over the raw body, in hex after `sha256=`. */
export const axme: SignatureScheme = hmacScheme({
  name: 'axme',
  header: 'x-axme-signature',
  algorithm: 'sha256',
  encoding: 'hex',
  prefix: 'sha256=',
})
