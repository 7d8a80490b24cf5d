/** Milliseconds to the microsecond, as they are shown and stored: what comes after that is noise of the clock. */
export function inMicroseconds(ms: number): number {
  return Math.round(ms * 1_000) / 1_000
}
