import { createHmac } from 'node:crypto'
import { headerScheme } from './header-scheme.ts'
import type { SignatureScheme } from './scheme.ts'

/** HMAC-SHA256 over the raw body, in hex after `sha256=`. */
export const axme: SignatureScheme = headerScheme({
  name: 'axme',
  header: 'x-axme-signature',
  shape: /^sha256=[0-9a-f]{64}$/,
  signs: 'the body',
  value: ({ body }, key) => `sha256=${createHmac('sha256', key).update(body).digest('hex')}`,
})
