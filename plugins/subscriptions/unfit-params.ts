import { CarabinerError, type CarabinerErrorCode, EventParamsError } from 'carabiner'
import type { publishEvent } from './publish-event.ts'

/** Which of the params it is that the engine or the store did not take. */
const places: Partial<Record<CarabinerErrorCode, string>> = {
  MESSAGE_TOO_LARGE: '/payload',
  SIGNATURE_INVALID: '/payload',
  // Nobody but who publishes has given what is sent a name.
  USAGE: '/id',
}

/** What kept an event from being stored, for whoever dispatched it: what the params are to blame for is told of them. */
export function unfitParams(error: unknown): unknown {
  if (!(error instanceof CarabinerError)) return error
  const { code, message } = error
  const pointer = places[code]
  if (pointer === undefined) return error
  const event: typeof publishEvent.name = 'subscriptions.publish'
  return new EventParamsError(event, [{ pointer, message }], { cause: error })
}
