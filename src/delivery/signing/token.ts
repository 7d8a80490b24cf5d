import { headerScheme } from './header-scheme.ts'
import type { PreparedKey, SignatureScheme } from './scheme.ts'
import { invalidSecret, sharedKey } from './secret.ts'

/** No signature at all: the secret itself stands in the header, and protects neither the body nor against replay. */
export const token: SignatureScheme = headerScheme({
  name: 'token',
  header: 'x-globex-token',
  shape: /^[\x20-\x7e]+$/,
  signs: 'nothing',
  value: (_request, key) => key.export().toString('utf8'),
  prepare,
})

function prepare(secret: string): PreparedKey {
  const prepared = sharedKey('token', secret)
  // A server cuts spaces off the ends of a header's value, and does not agree with others on what is not ASCII.
  if (!/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(secret)) {
    throw invalidSecret('token', 'it can not stand in a header: printable ASCII is needed')
  }
  return prepared
}
