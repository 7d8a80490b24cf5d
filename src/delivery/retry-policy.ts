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
  /** `none`, `full` (anything from 0 to the wait), or a share: 0.2 is ± 20 %. */
  readonly jitter: 'none' | 'full' | number
  /** Waits in milliseconds, one for each retry, instead of base and factor. */
  readonly scheduleMs: readonly number[] | undefined
  /** `transient`: connection errors, 408, 425, 429, 5xx. `all`: every answer but 2xx and 410. */
  readonly retryOn: 'all' | 'transient'
  /** `wait`: an open circuit uses up no try. `count`: it is a try with the error `circuit open`. */
  readonly openCircuit: 'wait' | 'count'
}
