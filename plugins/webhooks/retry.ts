import { type RetryPolicy, retryPolicies, scheduledWait } from 'carabiner'
import type { Backoff, BackoffFields, PresetName } from './backoff.ts'

/** The policy that `backoff:` describes; what it leaves out comes from its preset, else from `fallback`. */
export function retryPolicyOf(backoff: Backoff | undefined, fallback: PresetName): RetryPolicy {
  if (backoff === undefined) return retryPolicies[fallback]
  if (backoff === false)
    return { ...retryPolicies[fallback], maxTries: 1, maxTimeMs: Number.POSITIVE_INFINITY }
  if (typeof backoff === 'string') return retryPolicies[backoff]

  const start = retryPolicies[backoff.preset ?? fallback]
  return {
    ...start,
    ...schedulePart(backoff, start),
    maxTries:
      backoff.max_tries ?? (backoff.schedule ? backoff.schedule.length + 1 : start.maxTries),
    maxTimeMs: backoff.max_time ?? start.maxTimeMs,
    maxWaitMs: backoff.max_wait ?? start.maxWaitMs,
    jitter: backoff.jitter ?? start.jitter,
    retryOn: backoff.retry_on ?? start.retryOn,
    openCircuit: backoff.open_circuit ?? start.openCircuit,
  }
}

/** Who names a base or a factor wants powers, even from a preset that has a schedule. */
function schedulePart(
  { schedule, base, factor }: BackoffFields,
  start: RetryPolicy,
): Pick<RetryPolicy, 'scheduleMs' | 'baseMs' | 'factor'> {
  const powers = base !== undefined || factor !== undefined
  return {
    scheduleMs: schedule ?? (powers ? undefined : start.scheduleMs),
    baseMs: base ?? start.baseMs,
    factor: factor ?? start.factor,
  }
}

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
