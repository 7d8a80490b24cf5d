import type { Clock } from '../clock.ts'
import { CarabinerError } from '../errors.ts'
import { type DeliveryId, newDeliveryId, newId } from '../ids.ts'
import type { DeliveryRow, NewDelivery, Store } from '../store/store.ts'

/**
 * Stores a new delivery of a settled one's message, to the same endpoint: same `webhook-id`, same body. Written to the audit trail.
 *
 * @param actor - who asked for it
 * @throws {CarabinerError} DELIVERY_UNKNOWN, DELIVERY_UNSETTLED, MESSAGE_ERASED, STORE_UNAVAILABLE
 */
export async function redeliver(
  store: Store,
  clock: Clock,
  id: DeliveryId,
  actor: string,
): Promise<DeliveryRow> {
  const found = await store.delivery(id)
  if (found === undefined)
    throw new CarabinerError('DELIVERY_UNKNOWN', `there is no delivery ${id}`)
  const { delivery, message, erasedAt } = found
  if (delivery.settledAt === null) {
    throw new CarabinerError(
      'DELIVERY_UNSETTLED',
      `delivery ${id} is ${delivery.state}: only what is delivered, dead or cancelled is sent again`,
    )
  }
  if (erasedAt !== null) {
    throw new CarabinerError(
      'MESSAGE_ERASED',
      `what message ${message.id} said was erased on ${new Date(erasedAt).toISOString()}: there is nothing to send again`,
    )
  }

  const now = clock.now()
  const again: NewDelivery = {
    id: newDeliveryId(),
    endpoint: delivery.endpoint,
    dueAt: now,
    // The order of its key is history: whoever sends it again by hand wants it now.
    orderKey: null,
    redeliveryOf: id,
  }
  const audited = {
    id: newId(),
    entityType: 'delivery',
    entityId: id,
    action: 'delivery.redelivered',
    actor,
    details: { redelivery: again.id, endpoint: again.endpoint, messageId: message.id },
    createdAt: now,
  }
  // In one turn: the store writes both with one commit.
  await Promise.all([
    store.enqueue([{ ...message, createdAt: now, deliveries: [again] }]),
    store.audit([audited]),
  ])
  return {
    id: again.id,
    messageId: message.id,
    endpoint: again.endpoint,
    state: 'pending',
    attempts: 0,
    dueAt: now,
    lastError: null,
    createdAt: now,
    settledAt: null,
    redeliveryOf: id,
  }
}
