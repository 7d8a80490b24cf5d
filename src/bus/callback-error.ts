import { CarabinerError } from '../errors.ts'
import type { CallbackResolution } from './callback-resolution.ts'

/** What who waits for a callback fails with that was not completed: CALLBACK_FAILED with its error, or CALLBACK_EXPIRED. */
export function callbackError(
  resolution: Exclude<CallbackResolution, { readonly kind: 'completed' }>,
): CarabinerError {
  switch (resolution.kind) {
    case 'failed':
      return new CarabinerError('CALLBACK_FAILED', resolution.error)
    case 'expired':
      return new CarabinerError('CALLBACK_EXPIRED', 'callback timed out')
  }
}
