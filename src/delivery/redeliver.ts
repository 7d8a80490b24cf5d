import type { Clock } from '../clock.ts'
import { CarabinerError } from '../errors.ts'
import { type DeliveryId, newDeliveryId, newId } from '../ids.ts'
import type { AuditRow, DeliveryRow, NewDelivery, Store } from '../store/store.ts'

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
    // What receivers know it by, however often it was repeated.
    redeliveryOf: delivery.redeliveryOf ?? id,
  }
  const audited = (action: string): AuditRow => ({
    id: newId(),
    entityType: 'delivery',
    entityId: id,
    action,
    actor,
    details: { redelivery: again.id, endpoint: again.endpoint, messageId: message.id },
    createdAt: now,
  })
  try {
    // In one turn: the store writes both with one commit.
    await Promise.all([
      store.enqueue([{ ...message, createdAt: now, deliveries: [again] }]),
      store.audit([audited('delivery.redelivered')]),
    ])
  } catch (error) {
    // Erased since it was read: the trail has the line above and must not stop at it.
    if (isErased(error)) await store.audit([audited('delivery.redelivery_refused')])
    throw error
  }
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
    redeliveryOf: again.redeliveryOf,
  }
}

function isErased(error: unknown): boolean {
  return error instanceof CarabinerError && error.code === 'MESSAGE_ERASED'
}
