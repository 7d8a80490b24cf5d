import { type RedeliverFilter, redeliverEvent } from '../../bus/built-in-events.ts'
import type { Bus } from '../../bus/bus.ts'
import type { DeliveryId } from '../../ids.ts'
import type { RedeliveryFilter } from '../../store/redelivery.ts'
import type { OutboundMessage } from '../deliveries.ts'
import type { Redeliveries } from './redeliveries.ts'

/** Under which the host's own handler stands in listings and results. */
export const hostHandler = 'host'

/** What the on handler of `deliveries.redeliver` gives: what was made, by id. */
type Redelivered =
  | { readonly deliveryId: string }
  | { readonly redeliveryId: string; readonly matched: number }

/** Does what `deliveries.redeliver` asks for, when no before handler has objected. */
export function handleRedeliver(
  bus: Pick<Bus<OutboundMessage>, 'register'>,
  redeliveries: Pick<Redeliveries, 'one' | 'many'>,
): Disposable {
  return bus.register(
    hostHandler,
    'on',
    redeliverEvent,
    async ({ params: { filter }, actor = 'host' }): Promise<Redelivered> => {
      if ('deliveryId' in filter) {
        // The store answers for any UUID: no such delivery.
        const id = filter.deliveryId.toLowerCase() as DeliveryId
        const row = await redeliveries.one(id, { actor })
        return { deliveryId: row.id }
      }
      const { id, matched } = await redeliveries.many(storedFilter(filter), { actor })
      return { redeliveryId: id, matched }
    },
  )
}

/** The filter of the event as the store takes it: times in UTC milliseconds. */
function storedFilter({
  state,
  endpoint,
  from,
  to,
}: Exclude<RedeliverFilter, { deliveryId: string }>): RedeliveryFilter {
  return {
    state,
    ...(endpoint !== undefined && { endpoint }),
    ...(from !== undefined && { from: Date.parse(from) }),
    ...(to !== undefined && { to: Date.parse(to) }),
  }
}
