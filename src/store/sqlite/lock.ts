import type { Clock } from '../../clock.ts'
import { isLocked } from './failure.ts'

/** Milliseconds until a lock that another process holds is an outage. */
const longestWaitMs = 5000
/** Milliseconds between two tries: the first wait, doubled up to the last. */
const firstPauseMs = 2
const lastPauseMs = 50

/** Does what needs a lock, again and again for up to 5 s while another process holds it, without holding up the event loop. */
export async function untilUnlocked<T>(clock: Clock, run: () => T): Promise<T> {
  const end = clock.monotonic() + longestWaitMs
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, lastPauseMs)) {
    try {
      return run()
    } catch (error) {
      if (!isLocked(error) || clock.monotonic() >= end) throw error
    }
    await clock.sleep(pauseMs)
  }
}
