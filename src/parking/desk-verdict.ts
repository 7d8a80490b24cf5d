import type { CallbackResolution } from '../bus/callback-resolution.ts'
import type { Logger } from '../bus/handler.ts'
import type { Callback } from '../callbacks/callback.ts'
import { messageOf } from '../errors.ts'
import { resolutionOf } from './answered-callbacks.ts'
import type { CallbackDesks } from './callback-desks.ts'

export interface VerdictParts {
  readonly desks: CallbackDesks
  readonly log: Pick<Logger, 'error'>
}

/** What a callback that was taken comes to, once the desk has been told of it. A desk that fails lets nothing pass. */
export async function judged(
  callback: Callback,
  { desks, log }: VerdictParts,
): Promise<CallbackResolution> {
  try {
    return resolutionOf(callback, await desks.current?.resolved(callback))
  } catch (error) {
    const why = messageOf(error)
    log.error({ callback: callback.id, error: why }, 'what a callback came to could not be told')
    return resolutionOf(callback, why)
  }
}
