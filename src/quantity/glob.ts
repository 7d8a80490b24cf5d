const globText = /^[A-Za-z0-9_.*-]{1,253}$/

/** A pattern in which `*` stands for any run of characters, none included. */
interface Glob {
  readonly text: string
  /** Whether the whole of `name` matches. Time grows with the name's length times the glob's, never faster. */
  matches(name: string): boolean
}

/** A glob read from text, or what is wrong with the text. */
export type ParsedGlob =
  | { readonly kind: 'glob'; readonly glob: Glob }
  | { readonly kind: 'invalid'; readonly reason: string }

/** Reads a glob: letters, digits, `_`, `.`, `-` and `*`, at most 253 characters. */
export function parseGlob(text: string): ParsedGlob {
  if (text === '') return { kind: 'invalid', reason: 'it is empty' }
  if (text.length > 253) return { kind: 'invalid', reason: 'it has more than 253 characters' }
  if (!globText.test(text)) {
    const bad = [...text].find((character) => !/[A-Za-z0-9_.*-]/.test(character)) ?? ''
    const reason = `\`${bad}\` cannot stand in a glob: only letters, digits, \`_\`, \`.\`, \`-\` and \`*\``
    return { kind: 'invalid', reason }
  }
  return { kind: 'glob', glob: { text, matches: (name) => matchesPattern(text, name) } }
}

/** Whether a pattern of any characters, in which `*` stands for any run of them, matches the whole of `name`. */
export function matchesPattern(pattern: string, name: string): boolean {
  return matchesParts(pattern.split('*'), name)
}

/** Takes each literal part at the first place where it fits: for `*` alone, no other choice can do better. */
function matchesParts(parts: readonly string[], name: string): boolean {
  const [first = '', ...rest] = parts
  const last = rest.pop()
  if (last === undefined) return name === first
  if (!name.startsWith(first)) return false

  let at = first.length
  for (const part of rest) {
    const found = name.indexOf(part, at)
    if (found === -1) return false
    at = found + part.length
  }
  return name.length - last.length >= at && name.endsWith(last)
}
