import { CarabinerError } from '../../errors.ts'
import { parameterFault } from './url-parameters.ts'

/** Where a store is: a server's database, and the schema in it that holds nothing but the store. */
export interface PostgresLocation {
  /** For `pg`, with the credentials. */
  readonly connectionString: string
  readonly schema: string
  /** For people: without credentials. */
  readonly shown: string
}

export const defaultSchema = 'carabiner'

/** Plain names need no quotes, and leave room for what is put before them. */
const schemaName = /^[a-z_][a-z0-9_]{0,47}$/

/**
 * Reads `postgres://user:password@host:port/database?schema=name`. Other parameters (`sslmode`, `host`, …) are PostgreSQL's own.
 *
 * @throws {CarabinerError} USAGE when it is not a URL, a parameter has no effect or a value it cannot have, or the schema's name is not a plain one
 */
export function parseLocation(text: string): PostgresLocation {
  const url = parseUrl(text)
  const schema = checkSchema(url.searchParams.get('schema') ?? defaultSchema)
  url.searchParams.delete('schema')
  return {
    connectionString: url.href,
    schema,
    shown: `postgres://${url.host}${url.pathname} (schema ${schema})`,
  }
}

/** Reads a URL of PostgreSQL. @throws {CarabinerError} USAGE, without what may be a password */
export function parseUrl(text: string): URL {
  // `URL.parse` does not throw: an error would carry the password.
  const url = /^postgres(ql)?:\/\//.test(text) ? URL.parse(text) : null
  if (url === null) {
    throw new CarabinerError('USAGE', 'not a URL such as postgres://host:port/database')
  }
  const fault = faultOf(url)
  if (fault !== undefined) throw new CarabinerError('USAGE', fault)
  return url
}

function faultOf(url: URL): string | undefined {
  if (url.hash !== '') return 'what follows a # is not read'
  if (url.host.includes(',')) return 'more than one host'
  if (!isEncoded(url))
    return 'user, password, host and database are to be percent-encoded (% is %25)'
  return parameterFault(url)
}

function isEncoded({ username, password, hostname, pathname }: URL): boolean {
  try {
    for (const part of [username, password, hostname, pathname]) decodeURIComponent(part)
    return true
  } catch {
    return false // a % that begins no encoded byte, or bytes that are no UTF-8
  }
}

/** @throws {CarabinerError} USAGE */
export function checkSchema(name: string): string {
  if (schemaName.test(name)) return name
  throw new CarabinerError(
    'USAGE',
    `a schema is named by at most 48 of a-z, 0-9 and _, not beginning with a digit, got ${JSON.stringify(name)}`,
  )
}
