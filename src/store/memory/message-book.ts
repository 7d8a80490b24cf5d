import type { MessageId } from '../../ids.ts'
import type { ErasureTarget } from '../erasure.ts'
import { isSameMessage, messageDiffers, messageErased } from '../refusal.ts'
import type { NewMessage } from '../store.ts'
import type { DeliveryRecord, MessageRecord } from './delivery-record.ts'

/** All messages, by id and by the tenant whose bodies may have to go. */
export class MessageBook {
  readonly #records = new Map<MessageId, MessageRecord>()
  /** Of each tenant, what is not erased. */
  readonly #ofTenant = new Map<string, Set<MessageRecord>>()

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
    if (tenant !== null) this.#messagesOf(tenant).add(record)
    return record
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
        return [...(this.#ofTenant.get(target.tenant) ?? [])].slice(0, limit)
    }
  }

  erase(record: MessageRecord, at: number): void {
    record.message = { ...record.message, body: new Uint8Array(), headers: {} }
    record.erasedAt = at
    this.#forget(record)
  }

  #messagesOf(tenant: string): Set<MessageRecord> {
    const known = this.#ofTenant.get(tenant)
    if (known !== undefined) return known
    const messages = new Set<MessageRecord>()
    this.#ofTenant.set(tenant, messages)
    return messages
  }

  #forget(record: MessageRecord): void {
    const { tenant } = record.message
    if (tenant === null) return
    const messages = this.#messagesOf(tenant)
    messages.delete(record)
    if (messages.size === 0) this.#ofTenant.delete(tenant)
  }
}
