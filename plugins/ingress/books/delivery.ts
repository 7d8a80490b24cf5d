import type { DeliveryStep } from 'carabiner'

type Delivery = Pick<DeliveryStep['delivery'], 'id' | 'messageId' | 'redeliveryOf'>

/** Whether it is the delivery that an event was stored with: it has the event's own id. */
export function isFirst({ id, messageId }: Pick<Delivery, 'id' | 'messageId'>): boolean {
  // Two kinds of ids, whose values may be equal.
  const ids: readonly string[] = [id, messageId]
  return ids[0] === ids[1]
}

/** Whether it was made by a replay, whose id it has; not one that was redelivered by an operator of the outbox. */
export function isReplay(delivery: Delivery): boolean {
  return delivery.redeliveryOf === null && !isFirst(delivery)
}

/** Why an attempt failed, as operators are told. */
export function attemptError({
  status,
  error,
}: Pick<NonNullable<DeliveryStep['attempt']>, 'status' | 'error'>): string {
  if (status !== null) return `Remote endpoint returned ${status}`
  return error ?? 'no answer'
}
