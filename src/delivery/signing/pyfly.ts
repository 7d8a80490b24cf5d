import { createHmac } from 'node:crypto'
import { canonicalJson } from './canonical-json.ts'
import { headerScheme } from './header-scheme.ts'
import type { SignatureScheme } from './scheme.ts'

/** HMAC-SHA256 over the canonical form of the JSON body, whatever form it came in; in hex after `sha256=`. */
export const pyfly: SignatureScheme = headerScheme({
  name: 'pyfly',
  header: 'x-pyfly-signature',
  shape: /^sha256=[0-9a-f]{64}$/,
  signs: 'a JSON body',
  form(body) {
    const canonical = canonicalJson(body)
    return canonical === undefined ? undefined : new TextEncoder().encode(canonical)
  },
  value({ body }, key) {
    const canonical = canonicalJson(body)
    if (canonical === undefined) return undefined
    return `sha256=${createHmac('sha256', key).update(canonical).digest('hex')}`
  },
})
