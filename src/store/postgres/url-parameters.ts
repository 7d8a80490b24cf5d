/** What a parameter of the URL may say. */
interface Parameter {
  readonly expected: string
  readonly fits: (value: string) => boolean
}

const text: Parameter = { expected: 'a text', fits: () => true }
const file: Parameter = { expected: 'the path of a PEM file', fits: (value) => value !== '' }
const milliseconds: Parameter = {
  expected: 'a whole number of milliseconds',
  fits: (value) => /^\d{1,9}$/.test(value),
}
const port: Parameter = {
  expected: 'a port from 1 to 65535',
  fits: (value) => /^\d{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= 65_535,
}

/** What `pg` and the store make something of. The others of libpq (`connect_timeout`, `channel_binding`, …) `pg` ignores without a word. */
const parameters: Readonly<Record<string, Parameter>> = {
  schema: text, // whose own form `checkSchema` knows
  host: text,
  port,
  user: text,
  password: text,
  options: text,
  application_name: text,
  fallback_application_name: text,
  statement_timeout: milliseconds,
  query_timeout: milliseconds,
  lock_timeout: milliseconds,
  idle_in_transaction_session_timeout: milliseconds,
  sslmode: oneOf(['disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify']),
  ssl: oneOf(['true', '1', '0', 'no-verify']),
  sslnegotiation: oneOf(['postgres', 'direct']),
  uselibpqcompat: oneOf(['true']),
  sslcert: file,
  sslkey: file,
  sslrootcert: file,
}

/** Parameters that name files, which are read with every connection. */
export const fileParameters: readonly ['sslcert', 'sslkey', 'sslrootcert'] = [
  'sslcert',
  'sslkey',
  'sslrootcert',
]

/** What is wrong with the parameters of a URL of PostgreSQL; `undefined`: nothing. Shows no value but of those that have a fixed form. */
export function parameterFault({ searchParams }: URL): string | undefined {
  for (const [name, value] of searchParams) {
    const parameter = Object.hasOwn(parameters, name) ? parameters[name] : undefined
    if (parameter === undefined) {
      return `\`${name}\` is no parameter that has an effect: expected ${Object.keys(parameters).join(', ')}`
    }
    if (searchParams.getAll(name).length > 1) return `\`${name}\` is there more than once`
    if (!parameter.fits(value)) {
      return `expected ${parameter.expected} for \`${name}\`, got ${JSON.stringify(value)}`
    }
  }
  return contradiction(searchParams)
}

function contradiction(given: URLSearchParams): string | undefined {
  const mode = given.get('sslmode')
  const isOff = mode === 'disable' || (mode === null && given.get('ssl') === '0')
  if (given.get('sslnegotiation') === 'direct' && isOff) {
    return '`sslnegotiation=direct` needs TLS, and the URL turns it off'
  }
  const hasCompat = given.get('uselibpqcompat') === 'true'
  if (hasCompat && mode === 'verify-ca' && !given.has('sslrootcert')) {
    return '`sslmode=verify-ca` needs the certificate authority: expected `sslrootcert`'
  }
  if (given.has('sslcert') !== given.has('sslkey')) {
    return '`sslcert` and `sslkey` belong together: one of them is missing'
  }
  return undefined
}

function oneOf(words: readonly string[]): Parameter {
  const expected = words.length === 1 ? words.join('') : `one of ${words.join(', ')}`
  return { expected, fits: (value) => words.includes(value) }
}
