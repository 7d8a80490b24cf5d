import type { ClaimedDelivery } from '../store/store.ts'
import type { EndpointDefinition } from './endpoint.ts'

/** What a receiver knows a delivery by: its `webhook-id`. */
export function wireIdOf(
  { id, redeliveryOf, message }: ClaimedDelivery,
  { identity }: Pick<EndpointDefinition, 'identity'>,
): string {
  // Who has it already, under the id of the delivery that is repeated, is to know it again.
  return identity === 'delivery' ? (redeliveryOf ?? id) : message.id
}
