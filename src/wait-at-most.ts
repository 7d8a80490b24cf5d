import type { Clock } from './clock.ts'

/** The longest time a timer of Node.js takes; a longer one would be over at once. */
const longestMs = 2_147_483_647

/** Waits for `work`, but no longer than `ms` and not beyond the signal. Rejects only when `work` does. Keeps the process alive. */
export async function waitAtMost(
  clock: Clock,
  ms: number,
  work: Promise<unknown>,
  signal?: AbortSignal,
): Promise<void> {
  if (ms <= 0) return
  const over = new AbortController()
  const end = signal === undefined ? over.signal : AbortSignal.any([over.signal, signal])
  // Rejected by our own abort or by the caller's: both end the wait.
  const late = clock.sleep(Math.min(ms, longestMs), end).catch(() => undefined)
  await Promise.race([work, late]).finally(() => over.abort())
}
