import { createHmac } from 'node:crypto'
import { headerScheme } from './header-scheme.ts'
import type { SignatureScheme } from './scheme.ts'

/** As the Servo webhooks of Opsani: HMAC-SHA1 over the raw body, in hex. */
export const servo: SignatureScheme = headerScheme({
  name: 'servo',
  header: 'x-servo-signature',
  shape: /^[0-9a-f]{40}$/,
  signs: 'the body',
  value: ({ body }, key) => createHmac('sha1', key).update(body).digest('hex'),
})
