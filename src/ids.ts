import { randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'

/** An id of one message: UUIDv7, the same over all attempts; `webhook-id` on the wire. */
export type MessageId = string & { readonly __id: 'message' }
/** An id of one delivery (a message to one endpoint): UUIDv7. */
export type DeliveryId = string & { readonly __id: 'delivery' }

/** An id of a redelivery of many: UUIDv7. */
export type RedeliveryId = string & { readonly __id: 'redelivery' }

const pool = new Uint8Array(16 * 256)
let used = pool.length

/** A new UUIDv7: sortable by time, random beyond the millisecond. Randomness is drawn 4 KiB at a time. */
export function newId(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const random = pool.subarray(used, used + 16)
  used += 16
  return v7({ random })
}

// The brands below are given here and nowhere else: an id is a message's, a delivery's or a redelivery's because it was made as one.
export const newMessageId = (): MessageId => newId() as MessageId
export const newDeliveryId = (): DeliveryId => newId() as DeliveryId
export const newRedeliveryId = (): RedeliveryId => newId() as RedeliveryId
