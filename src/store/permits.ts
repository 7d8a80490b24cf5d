/** Permits for one span of time. */
export interface PermitRequest {
  readonly now: number
  /** How many are wanted, at least 1. */
  readonly wanted: number
  /** How many there are in each window. */
  readonly limit: number
  readonly windowMs: number
}

export interface Permits {
  /** How many of those wanted were got; none beyond the limit. */
  readonly granted: number
  /** How many are left in the window. */
  readonly remaining: number
  /** When the next window begins, UTC milliseconds: windows begin at multiples of `windowMs`. */
  readonly resetsAt: number
}

/** So many per window, counted for all hosts on the store. */
export interface PermitStore {
  /** Counts against `key` in the window that `now` is in. A window is forgotten when it has been over for as long as it lasted: clocks of hosts differ. */
  takePermits(key: string, request: PermitRequest): Promise<Permits>
}
