import { type RetryPolicy, scheduledWait } from 'carabiner'

/** How long all tries and the waits between them can take at worst, in milliseconds. */
export function longestMs(policy: RetryPolicy, timeoutMs: number): number {
  let total = timeoutMs
  for (let tries = 1; total < policy.maxTimeMs; tries += 1) {
    const wait = scheduledWait(policy, tries)
    if (wait === undefined) return total
    total += wait + timeoutMs
  }
  return policy.maxTimeMs
}
