import { hmacScheme } from './hmac.ts'
import type { SignatureScheme } from './scheme.ts'

/** As the Servo webhooks of Opsani: HMAC-SHA1 over the raw body, in hex. */
export const servo: SignatureScheme = hmacScheme({
  name: 'servo',
  header: 'x-servo-signature',
  algorithm: 'sha1',
  encoding: 'hex',
})
