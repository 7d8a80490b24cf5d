import { currentCall } from './current-event.ts'
import type { DispatchAtWork } from './dispatch-at-work.ts'

export type { DispatchAtWork } from './dispatch-at-work.ts'

/** The dispatch whose handler this code runs in, however many awaits ago it began; `undefined` outside of handlers. */
export function currentDispatch(): DispatchAtWork | undefined {
  return currentCall()?.atWork()
}
