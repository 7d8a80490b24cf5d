/** Looks a variable up; `undefined`: it is not set. */
export type Variables = (name: string) => string | undefined

/** What became of a text with `${…}` in it. */
export type Interpolation =
  | { readonly kind: 'literal'; readonly text: string }
  | {
      readonly kind: 'substituted'
      readonly text: string
      /** Nothing but one `${…}`. */
      readonly sole: boolean
      readonly names: readonly string[]
    }
  | { readonly kind: 'failed'; readonly message: string; readonly expected: string }

const name = '[A-Za-z_][A-Za-z0-9_]*'
const reference = new RegExp(`\\$\\$\\{|\\$\\{(?:(${name})(?::-([^{}]*))?\\})?`, 'g')
const soleReference = new RegExp(`^\\$\\{${name}(?::-[^{}]*)?\\}$`)
const variableName = new RegExp(`^${name}$`)

/**
 * Puts variables into a text: `${NAME}`, `${NAME:-default}` (also for an empty variable); `$${` is a literal `${`.
 *
 * What is put in is text and stays text: it is not looked through for further references.
 */
export function interpolate(text: string, variables: Variables): Interpolation {
  if (!text.includes('${')) return { kind: 'literal', text }

  const names: string[] = []
  const unset: string[] = []
  let malformed = false
  const result = text.replace(reference, (matched, name?: string, fallback?: string) => {
    if (matched === '$${') return '${'
    if (name === undefined) {
      malformed = true
      return matched
    }
    const value = variables(name)
    names.push(name)
    if (fallback !== undefined) return value === undefined || value === '' ? fallback : value
    if (value === undefined) unset.push(name)
    return value ?? ''
  })
  if (malformed) return malformedReference
  const [missing] = unset
  if (missing !== undefined) return unsetVariable(missing)
  if (names.length === 0) return { kind: 'literal', text: result }
  return { kind: 'substituted', text: result, sole: soleReference.test(text), names }
}

/** The variable that `!env NAME` names. */
export function readVariable(text: string, variables: Variables): Interpolation {
  if (!variableName.test(text)) {
    return {
      kind: 'failed',
      message: '`!env` is not followed by the name of a variable',
      expected: '!env NAME',
    }
  }
  const value = variables(text)
  if (value === undefined) return unsetVariable(text)
  return { kind: 'substituted', text: value, sole: true, names: [text] }
}

const malformedReference: Interpolation = {
  kind: 'failed',
  message: '`${` does not begin a reference to a variable',
  expected: `\${NAME} or \${NAME:-default}; $\${ for a literal \${`,
}

function unsetVariable(name: string): Interpolation {
  return {
    kind: 'failed',
    message: `the variable \`${name}\` is not set`,
    expected: `${name} in the environment or in .env, or a default: \${${name}:-…}`,
  }
}
