import type { Verification, VerificationInput } from './scheme.ts'

const defaultTolerance = 300

/** UTC seconds from a header: decimal digits and nothing else, so that what is judged is what was signed. */
export function parseTimestamp(text: string): number | undefined {
  return /^(?:0|[1-9]\d{0,14})$/.test(text) ? Number(text) : undefined
}

/** Why a timestamp is too old or too new; `undefined` when it is neither. */
export function judgeAge(
  timestamp: number,
  { now, tolerance = defaultTolerance }: Pick<VerificationInput, 'now' | 'tolerance'>,
): Verification | undefined {
  const off = now - timestamp
  // Written so that a tolerance or a clock that is NaN refuses.
  if (Math.abs(off) <= tolerance) return undefined
  const direction = off < 0 ? 'in the future' : 'old'
  return {
    kind: 'expired',
    reason: `timestamp is ${Math.abs(off)} s ${direction}, more than ${tolerance} s`,
  }
}

/** @throws {TypeError} unless it is a time in whole seconds */
export function requireTimestamp(timestamp: number): void {
  if (!Number.isSafeInteger(timestamp) || timestamp < 0) {
    throw new TypeError(`expected a timestamp in whole UTC seconds, got ${timestamp}`)
  }
}
