import { CarabinerError, messageOf } from '../errors.ts'

/** The store cannot be reached or written. `cause` is what it said itself. */
export function storeUnavailable(what: string, cause?: unknown): CarabinerError {
  if (cause === undefined) return new CarabinerError('STORE_UNAVAILABLE', what)
  return new CarabinerError('STORE_UNAVAILABLE', `${what}: ${messageOf(cause)}`, { cause })
}
