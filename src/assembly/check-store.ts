import { CarabinerError } from '../errors.ts'
import { parseLocation } from '../store/postgres/location.ts'

/** What is wrong with the URL of a store before anything is opened; `undefined`: nothing that can be seen. */
export function storeFault(url: string): string | undefined {
  if (!/^postgres(ql)?:/.test(url)) return undefined
  try {
    parseLocation(url)
    return undefined
  } catch (error) {
    if (error instanceof CarabinerError) return error.message
    throw error
  }
}

/** In the words of a fault, whose URLs are masked: a password is where these go wrong. */
export const expectedStore =
  'postgres://host:port/database, credentials in front of the host with / as %2F, # as %23, ? as %3F and @ as %40'
