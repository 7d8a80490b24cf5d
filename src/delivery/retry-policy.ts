import { printDuration } from '../quantity/duration.ts'

/** When a delivery is tried again, and when it is given up. A plain value; the presets are values too. */
export interface RetryPolicy {
  /** Requests in all, the first one included. `Infinity`: no such limit. */
  readonly maxTries: number
  /** Milliseconds from acceptance after which nothing is tried any more. `Infinity`: no such limit. */
  readonly maxTimeMs: number
  /** Milliseconds before the second request. */
  readonly baseMs: number
  readonly factor: number
  readonly maxWaitMs: number
  /** `none`, `full` (anything from 0 to the wait), a share (0.2 is ± 20 %), or a share that only adds (`plus: 0.25` is + 25 % at most). */
  readonly jitter: 'none' | 'full' | number | { readonly plus: number }
  /** Waits in milliseconds, one for each retry, instead of base and factor. */
  readonly scheduleMs: readonly number[] | undefined
  /** `transient`: connection errors, 408, 425, 429, 5xx. `all`: every answer but 2xx, and but a 410 that disables the endpoint. */
  readonly retryOn: 'all' | 'transient'
  /** Statuses after which it is given up at once, though `retryOn` says otherwise. @defaultValue none */
  readonly giveUpOn?: readonly number[]
  /** `wait`: an open circuit uses up no try. `count`: it is a try with the error `circuit open`. */
  readonly openCircuit: 'wait' | 'count'
  /** Whether a 410 disables the endpoint; else it is a refusal like any other. @defaultValue true */
  readonly disableOnGone?: boolean
}

/** The schedules that contracts and assemblies refer to by name. */
export type RetryPresetName = 'servo' | 'pyfly' | 'axme' | 'gateway' | 'awa' | 'standard'

const seconds = 1_000
const minutes = 60 * seconds
const hours = 60 * minutes

const transient = {
  maxTries: Number.POSITIVE_INFINITY,
  maxTimeMs: Number.POSITIVE_INFINITY,
  baseMs: 1 * seconds,
  factor: 2,
  maxWaitMs: 24 * hours,
  jitter: 'none',
  scheduleMs: undefined,
  retryOn: 'transient',
  openCircuit: 'wait',
} as const satisfies RetryPolicy

/** The presets, as values: an assembly that names one and changes a field starts from it. */
export const retryPolicies: Readonly<Record<RetryPresetName, RetryPolicy>> = {
  servo: { ...transient, maxTries: 12, maxTimeMs: 3 * minutes, jitter: 'full' },
  pyfly: {
    ...transient,
    maxTries: 5,
    baseMs: 5 * seconds,
    maxWaitMs: 300 * seconds,
    openCircuit: 'count',
    giveUpOn: [425],
    disableOnGone: false,
  },
  axme: { ...transient, maxTries: 4, scheduleMs: [30 * seconds, 120 * seconds, 600 * seconds] },
  // The wait before try n is 5 s · 2^(n−1): 10 s before the second. `retryPolicyOf` counts a base so, too.
  gateway: { ...transient, maxTries: 3, baseMs: 10 * seconds, retryOn: 'all' },
  awa: { ...transient, maxTries: 25, baseMs: 2 * seconds, jitter: { plus: 0.25 } },
  standard: {
    ...transient,
    maxTries: 10,
    jitter: 0.2,
    scheduleMs: [
      5 * seconds,
      5 * minutes,
      30 * minutes,
      2 * hours,
      5 * hours,
      10 * hours,
      14 * hours,
      20 * hours,
      24 * hours,
    ],
    retryOn: 'all',
  },
}

/** A policy in a line for people: `12 tries within 3m, waits 1s ×2 up to 1d, full jitter`. */
export function describeRetryPolicy(policy: RetryPolicy): string {
  const tries = Number.isFinite(policy.maxTries)
    ? `${policy.maxTries} tries`
    : 'any number of tries'
  const within = Number.isFinite(policy.maxTimeMs)
    ? ` within ${printDuration(policy.maxTimeMs)}`
    : ''
  return `${tries}${within}, waits ${describeWaits(policy)}${describeJitter(policy.jitter)}`
}

function describeWaits({ scheduleMs, baseMs, factor, maxWaitMs }: RetryPolicy): string {
  if (scheduleMs !== undefined) return scheduleMs.map(printDuration).join(', ')
  const most = Number.isFinite(maxWaitMs) ? ` up to ${printDuration(maxWaitMs)}` : ''
  return `${printDuration(baseMs)} ×${factor}${most}`
}

function describeJitter(jitter: RetryPolicy['jitter']): string {
  if (jitter === 'none') return ''
  if (jitter === 'full') return ', full jitter'
  if (typeof jitter === 'number') return `, ± ${Math.round(jitter * 100)} %`
  return `, + 0 to ${Math.round(jitter.plus * 100)} %`
}
