import { distance } from 'fastest-levenshtein'

const named =
  /secret|passw(or)?d|passphrase|token|credential|authorization|cookie|(api|private|access|signing|management|encryption|audit)[-_]?key/i
const misspelt = [
  'secret',
  'secrets',
  'password',
  'token',
  'management_key',
  'authorization',
  'api_key',
]

/** Whether a key, header or variable has a name under which secrets stand. */
export function looksSecret(name: string): boolean {
  return named.test(name) || /^key$/i.test(name)
}

/** Like `looksSecret`, but sees through a typing error: for what is about to be shown because it is wrong. */
export function mayBeSecret(name: string): boolean {
  if (looksSecret(name)) return true
  const lower = name.toLowerCase()
  return lower.length > 3 && misspelt.some((word) => distance(lower, word) <= 2)
}

/** What stands for a secret wherever one would be printed. */
export const mask: string = '••••'

const url = /[a-z][a-z0-9+.-]*:\/\/[^\s"'<>`\\]+/gi

/** Masks credentials and query values of every URL in a text. */
export function maskUrls(text: string): string {
  return text.includes('://') ? text.replace(url, maskUrl) : text
}

// In a password that is not encoded, /, ? and # are what makes the URL wrong, and a message show it.
const ofPostgres = /^(postgres(?:ql)?:\/\/).*@/i

function maskUrl(whole: string): string {
  const found = whole.replace(ofPostgres, `$1${mask}@`)
  const [base = '', query] = splitOnce(found, '?')
  const withoutUser = base.replace(/^([^/]*:\/\/)[^/@]*@/, `$1${mask}@`)
  if (query === undefined) return withoutUser
  const [values = '', fragment] = splitOnce(query, '#')
  const masked = values.replace(/=[^&]+/g, `=${mask}`)
  return `${withoutUser}?${masked}${fragment === undefined ? '' : `#${fragment}`}`
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator)
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}
