import { createHmac } from 'node:crypto'
import { headerScheme } from './header-scheme.ts'
import type { SignatureScheme } from './scheme.ts'

/** As GitHub signs its webhooks: HMAC-SHA256 over the raw body, in hex after `sha256=`. */
export const github: SignatureScheme = headerScheme({
  name: 'github',
  header: 'x-hub-signature-256',
  shape: /^sha256=[0-9a-f]{64}$/,
  signs: 'the body',
  value: ({ body }, key) => `sha256=${createHmac('sha256', key).update(body).digest('hex')}`,
})
