import type { MessageId } from '../../ids.ts'
import type { ErasureTarget } from '../erasure.ts'
import { isSameMessage, messageDiffers, messageErased } from '../refusal.ts'
import type { NewMessage } from '../store.ts'
import type { DeliveryRecord, MessageRecord } from './delivery-record.ts'
import { Groups } from './groups.ts'

/** All messages, by id and by the tenant whose bodies may have to go. */
export class MessageBook {
  readonly #records = new Map<MessageId, MessageRecord>()
  /** Of each tenant, what is not erased. */
  readonly #ofTenant = new Groups<string, MessageRecord>()

  /** Refuses what cannot be stored under its id. */
  check(messages: readonly NewMessage[]): void {
    const given = new Map<MessageId, NewMessage>()
    for (const message of messages) {
      const stored = this.#records.get(message.id)
      if (stored?.erasedAt != null) throw messageErased(message.id)
      const known = stored?.message ?? given.get(message.id)
      if (known !== undefined && !isSameMessage(known, message)) throw messageDiffers(message.id)
      given.set(message.id, message)
    }
  }

  /** What is stored already keeps what it is. */
  add(message: Omit<NewMessage, 'deliveries'>): MessageRecord {
    const known = this.#records.get(message.id)
    if (known !== undefined) return known
    const { tenant = null } = message
    const record = { message: { ...message, tenant }, erasedAt: null, deliveries: new Set<never>() }
    this.#records.set(message.id, record)
    if (tenant !== null) this.#ofTenant.add(tenant, record)
    return record
  }

  /** Deliveries of a message. */
  deliveriesOf(id: MessageId): Iterable<DeliveryRecord> {
    return this.#records.get(id)?.deliveries ?? []
  }

  /** A message goes with the last of its deliveries. */
  removeDelivery(delivery: DeliveryRecord): void {
    const { of } = delivery
    of.deliveries.delete(delivery)
    if (of.deliveries.size > 0) return
    this.#records.delete(of.message.id)
    this.#forget(of)
  }

  /** At most `limit` messages that can be erased. */
  erasable(target: ErasureTarget, limit: number): readonly MessageRecord[] {
    switch (target.kind) {
      case 'message': {
        const record = this.#records.get(target.id)
        return record?.erasedAt === null ? [record] : []
      }
      case 'tenant':
        return [...this.#ofTenant.of(target.tenant)].slice(0, limit)
    }
  }

  erase(record: MessageRecord, at: number): void {
    record.message = { ...record.message, body: new Uint8Array(), headers: {} }
    record.erasedAt = at
    this.#forget(record)
  }

  #forget(record: MessageRecord): void {
    const { tenant } = record.message
    if (tenant !== null) this.#ofTenant.delete(tenant, record)
  }
}
