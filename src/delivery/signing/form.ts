import type { FormParams } from './scheme.ts'

/** The fields of an `application/x-www-form-urlencoded` body by name; a name that stands several times has a list. Any bytes are one. */
export function parseForm(body: Uint8Array): FormParams {
  const fields = new Map<string, string | string[]>()
  for (const [name, value] of new URLSearchParams(new TextDecoder().decode(body))) {
    const before = fields.get(name)
    if (before === undefined) fields.set(name, value)
    else if (typeof before === 'string') fields.set(name, [before, value])
    else before.push(value)
  }
  return Object.fromEntries(fields)
}
