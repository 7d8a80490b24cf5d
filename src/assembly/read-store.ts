import { accessSync, constants } from 'node:fs'
import { resolve } from 'node:path'
import { CarabinerError, messageOf } from '../errors.ts'
import { parseLocation, parseUrl } from '../store/postgres/location.ts'
import { fileParameters } from '../store/postgres/url-parameters.ts'

export type ReadStore =
  | { readonly kind: 'store'; readonly url: string }
  | { readonly kind: 'invalid'; readonly message: string; readonly expected: string }

/** The URL of a store with its paths taken from the folder of the assembly, or what can be seen to be wrong with it before it is opened. */
export function readStore(url: string, folder: string): ReadStore {
  if (url.startsWith('memory')) return { kind: 'store', url: 'memory:' }
  if (url.startsWith('sqlite:')) {
    return { kind: 'store', url: `sqlite:${resolve(folder, url.slice('sqlite:'.length))}` }
  }
  // The schema of `host` lets nothing else through; what did not fit it has been told.
  return /^postgres(ql)?:/.test(url) ? readPostgres(url, folder) : { kind: 'store', url }
}

function readPostgres(text: string, folder: string): ReadStore {
  try {
    parseLocation(text)
    const url = parseUrl(text)
    for (const name of fileParameters) {
      const path = url.searchParams.get(name)
      if (path === null) continue
      const file = resolve(folder, path)
      const trouble = readingTrouble(file)
      if (trouble !== undefined) return invalid(`\`${name}\` cannot be read: ${trouble}`)
      url.searchParams.set(name, file)
    }
    return { kind: 'store', url: url.href }
  } catch (error) {
    if (error instanceof CarabinerError) return invalid(error.message)
    throw error
  }
}

function readingTrouble(file: string): string | undefined {
  try {
    accessSync(file, constants.R_OK)
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

/** In the words of a fault, whose URLs are masked: a password is where these go wrong. */
const expected =
  'postgres://host:port/database, credentials in front of the host with / as %2F, # as %23, ? as %3F, @ as %40 and % as %25'

function invalid(message: string): ReadStore {
  return { kind: 'invalid', message, expected }
}
