import type { AttemptOutcome } from './attempt-outcome.ts'
import type { Circuit } from './circuit-breaker.ts'

/** Told what the engine does, for metrics. Called in line: has to return at once and not throw. */
export interface DeliveryObserver {
  /** `deliveries` have been stored. */
  accepted(deliveries: number): void
  /** One request of a delivery is over. `sinceAcceptedMs` runs to its start. */
  attempted(
    outcome: AttemptOutcome['kind'],
    endpoint: string,
    durationMs: number,
    sinceAcceptedMs: number,
  ): void
  /** A delivery has been settled in the store. */
  settled(state: 'delivered' | 'dead', endpoint: string, sinceAcceptedMs: number): void
  circuit(endpoint: string, state: Circuit['state']): void
}
