import { hmacScheme } from './hmac.ts'
import type { SignatureScheme } from './scheme.ts'

/** As Shopify signs its webhooks: HMAC-SHA256 over the raw body, in base64. */
export const shopify: SignatureScheme = hmacScheme({
  name: 'shopify',
  header: 'x-shopify-hmac-sha256',
  algorithm: 'sha256',
  encoding: 'base64',
})
