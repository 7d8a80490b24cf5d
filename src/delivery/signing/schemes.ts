import { acme } from './acme.ts'
import { awa } from './awa.ts'
import { axme } from './axme.ts'
import { github } from './github.ts'
import { pyfly } from './pyfly.ts'
import type { SignatureScheme } from './scheme.ts'
import { servo } from './servo.ts'
import { shopify } from './shopify.ts'
import { slack } from './slack.ts'
import { standard } from './standard.ts'
import { standardV1a } from './standard-v1a.ts'
import { stripe } from './stripe.ts'
import { token } from './token.ts'
import { twilio } from './twilio.ts'

/** Every scheme there is. */
export const schemes: readonly SignatureScheme[] = [
  servo,
  standard,
  standardV1a,
  pyfly,
  axme,
  github,
  stripe,
  acme,
  token,
  shopify,
  slack,
  twilio,
  awa,
]

export const schemeNames: readonly string[] = schemes.map(({ name }) => name)

/** The scheme of that name. @throws {TypeError} when there is none: configuration is checked against `schemeNames` before */
export function schemeNamed(name: string): SignatureScheme {
  const scheme = schemes.find((each) => each.name === name)
  if (scheme === undefined) {
    throw new TypeError(`no signature scheme \`${name}\`; there are ${schemeNames.join(', ')}`)
  }
  return scheme
}
