import type { AttemptOutcome } from './attempt-outcome.ts'
import type { Circuit } from './circuit-breaker.ts'

/**
 * Told what the engine does, for metrics; endpoints by the name under which they are counted: those of a family share one.
 *
 * Called in line: has to return at once and not throw.
 */
export interface DeliveryObserver {
  /** `deliveries` have been stored. */
  accepted(deliveries: number): void
  /** One request of a delivery is over. */
  attempted(attempt: ObservedAttempt): void
  /** A delivery has been settled in the store. */
  settled(
    state: 'delivered' | 'dead' | 'cancelled',
    endpoint: string,
    sinceAcceptedMs: number,
  ): void
  circuit(endpoint: string, state: Circuit['state']): void
  /** A redelivery of many has made new deliveries, and left some out. */
  redelivered(deliveries: number, skipped: number): void
  /** The store has answered: how long it took, and how many deliveries it was about. */
  stored(operation: 'enqueue' | 'claim' | 'settle', tookMs: number, deliveries: number): void
}

interface ObservedAttempt {
  readonly outcome: AttemptOutcome['kind']
  readonly endpoint: string
  /** 1 for the first. */
  readonly number: number
  readonly durationMs: number
  /** From acceptance to its start. */
  readonly sinceAcceptedMs: number
}
