import type { ClaimedDelivery, Settlement } from '../store/store.ts'
import type { AttemptOutcome } from './attempt-outcome.ts'
import type { EndpointDefinition } from './endpoint.ts'
import type { Reply } from './sender.ts'

/** Told what becomes of deliveries, for traces. Called in line: has to return at once and not throw. */
export interface DeliveryTracer {
  /** This host begins to send a delivery it holds. `undefined`: nobody records it. */
  begin(delivery: ClaimedDelivery, endpoint: TracedEndpoint): DeliverySpan | undefined
}

interface TracedEndpoint {
  /** The same for all of a family: there are few of them. */
  readonly label: string
  /** By which id its receiver knows a delivery. */
  readonly definition: Pick<EndpointDefinition, 'identity'>
}

/** One delivery in this host's hands, from its acceptance (or its last return to the store) to what was settled. */
export interface DeliverySpan {
  attempt(facts: {
    /** 1 for the first. */
    readonly number: number
    readonly url: URL
    /** UTC milliseconds. */
    readonly startedAt: number
  }): AttemptSpan
  /** What was written to the store. */
  end(settlement: Pick<Settlement, 'next' | 'at'>): void
  /** It has left this host's hands unsettled: another host goes on. */
  abandon(): void
}

/** One request of a delivery. */
export interface AttemptSpan {
  /** W3C Trace Context: what the receiver records becomes part of the trace, below this attempt. */
  readonly traceparent: string
  end(reply: Reply, outcome: AttemptOutcome): void
}
