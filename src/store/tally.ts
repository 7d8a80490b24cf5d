import type { MessageId } from '../ids.ts'
import type { DeliveryState } from './delivery-state.ts'

/** How the deliveries of one message stand. */
export interface Tally extends Readonly<Record<DeliveryState, number>> {
  /** Those with at least one attempt, settled or not. */
  readonly attempted: number
}

export interface TallyStore {
  /** In the order of the ids; zeros for a message that is not there. At most 1,000. */
  tally(messages: readonly MessageId[]): Promise<readonly Tally[]>
}
