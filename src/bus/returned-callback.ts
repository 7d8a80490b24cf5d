import type { OpenCallback } from './open-callback.ts'
import type { Registration } from './registration.ts'
import type { ReturnedCallback } from './waits.ts'

/** A callback that its handler has returned. @param at - `slot`: its place in the plan; `place`: by which it is found again in another process */
export function returnedBy(
  registration: Registration,
  { id, expiresAt }: OpenCallback,
  { slot, place }: { readonly slot: number; readonly place: number },
): ReturnedCallback {
  const { label: by, connector } = registration
  return { wait: { by, connector, place, callbackId: id, expiresAt }, registration, slot }
}

/** What a handler fails with that returns a callback for whose answer nobody could wait. */
export function cannotBeReturned({ id }: OpenCallback): TypeError {
  return new TypeError(
    `the callback ${id} cannot be returned: it was not opened in this dispatch, or its answer is awaited already`,
  )
}
