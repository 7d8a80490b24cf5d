/** What PostgreSQL cannot read in JSON, as JSON.stringify writes it: U+0000 and halves of surrogate pairs; and U+001A, which stands for them here. */
const unreadable = /\\u(?:0000|001a|d[89a-f][\da-f]{2})/
const escapes = /\\(?:\\|u(0000|001a|d[89a-f][\da-f]{2}))/g
const substitute = '\\u001a'
const substitutes = /\\(?:\\|u001a([\da-f]{4}))/g

/** JSON as it is stored, so that every store can change members of it. */
export function patchable(json: string): string {
  if (!unreadable.test(json)) return json
  return json.replace(escapes, (whole, code: string | undefined) =>
    code === undefined ? whole : `${substitute}${code}`,
  )
}

/** What was stored by `patchable`, as it was. */
export function unpatchable(stored: string): string {
  if (!stored.includes(substitute)) return stored
  return stored.replace(substitutes, (whole, code: string | undefined) =>
    code === undefined ? whole : `\\u${code}`,
  )
}
