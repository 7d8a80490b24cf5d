/** That somebody has stopped an event, and why. */
export interface Cancellation {
  readonly by: string
  readonly reason: string
  readonly details: unknown
}
