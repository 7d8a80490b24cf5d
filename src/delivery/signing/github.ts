import { hmacScheme } from './hmac.ts'
import type { SignatureScheme } from './scheme.ts'

/** As GitHub signs its webhooks: HMAC-SHA256 over the raw body, in hex after `sha256=`. */
export const github: SignatureScheme = hmacScheme({
  name: 'github',
  header: 'x-hub-signature-256',
  algorithm: 'sha256',
  encoding: 'hex',
  prefix: 'sha256=',
})
