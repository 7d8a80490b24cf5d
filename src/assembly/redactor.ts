import { mask, maskUrls } from './credentials.ts'

/** Knows every secret of an assembly and takes them out of text that people or machines will read. */
export interface Redactor {
  /** `text` with every secret replaced by `••••`, and credentials and query values of URLs masked. */
  text(text: string): string
  /** A deep copy with every string passed through `text`. */
  value(value: unknown): unknown
}

/** Shorter secrets are masked where they stand, not wherever the same letters turn up. */
const shortest = 6

/** Makes a redactor for the secrets of an assembly, however they are escaped in a text. */
export function createRedactor(secrets: Iterable<string>): Redactor {
  const forms = [...secrets].filter((secret) => secret.length >= shortest).flatMap(formsOf)
  // The longest first: a secret may begin with another.
  const words = [...new Set(forms)].sort((a, b) => b.length - a.length)
  const pattern = words.length === 0 ? undefined : new RegExp(words.map(literally).join('|'), 'g')

  const text = (text: string): string => {
    const masked = pattern === undefined ? text : text.replace(pattern, mask)
    return maskUrls(masked)
  }
  return { text, value: (value) => redactValue(value, text) }
}

function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

/** As it is, as a line of a PEM would show it, in JSON, and in a URL. */
function formsOf(secret: string): string[] {
  const lines = secret.includes('\n') ? secret.split('\n').filter((line) => line.length >= 16) : []
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret.toWellFormed()),
    ...lines,
  ]
}

function redactValue(value: unknown, text: (text: string) => string): unknown {
  if (typeof value === 'string') return text(value)
  if (Array.isArray(value)) return value.map((item) => redactValue(item, text))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  return Object.fromEntries(entries.map(([key, inner]) => [text(key), redactValue(inner, text)]))
}
