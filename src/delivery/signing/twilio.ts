import { createHmac } from 'node:crypto'
import { parseForm } from './form.ts'
import { headerScheme } from './header-scheme.ts'
import type { FormParams, SignatureScheme } from './scheme.ts'

/** As Twilio signs its requests: HMAC-SHA1 over the URL it called and the form's parameters by name, in base64. */
export const twilio: SignatureScheme = headerScheme({
  name: 'twilio',
  header: 'x-twilio-signature',
  shape: /^[A-Za-z0-9+/]{27}=$/,
  signs: 'the URL',
  value({ url, params, body }, key) {
    if (url === undefined) return undefined
    const signed = url + concatenate(params ?? parseForm(body))
    return createHmac('sha1', key).update(signed).digest('base64')
  },
})

/** `name` and `value` without separators, names in order; a name that stands several times with each distinct value once. */
function concatenate(params: FormParams): string {
  return Object.keys(params)
    .sort()
    .map((name) => distinct(params[name]).reduce((text, value) => text + name + value, ''))
    .join('')
}

function distinct(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return []
  return typeof value === 'string' ? [value] : [...new Set(value)].sort()
}
