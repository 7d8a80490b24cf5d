import { createHmac } from 'node:crypto'
import { headerScheme } from './header-scheme.ts'
import type { SignatureScheme } from './scheme.ts'

/** HMAC-SHA256 over the raw body, in hex without a prefix. */
export const acme: SignatureScheme = headerScheme({
  name: 'acme',
  header: 'x-acme-signature',
  shape: /^[0-9a-f]{64}$/,
  signs: 'the body',
  value: ({ body }, key) => createHmac('sha256', key).update(body).digest('hex'),
})
