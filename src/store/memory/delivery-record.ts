import type { DeliveryId, RedeliveryId } from '../../ids.ts'
import type { AttemptRow, DeliveryRow, DeliveryState, Lease, Message } from '../store.ts'

/** A message and its deliveries. */
export interface MessageRecord {
  message: Message
  erasedAt: number | null
  readonly deliveries: Set<DeliveryRecord>
}

/** One delivery as the memory store keeps it. `at` is when it was created: its place in listings. */
export interface DeliveryRecord {
  readonly seq: number
  readonly at: number
  readonly id: DeliveryId
  readonly of: MessageRecord
  readonly endpoint: string
  readonly orderKey: string | null
  readonly redeliveryOf: DeliveryId | null
  /** The delivery that the row of redeliveries began with; its own id when it repeats none. */
  readonly root: DeliveryId
  /** The redelivery of many that made it. */
  readonly madeBy: RedeliveryId | null
  state: DeliveryState
  /** No earlier delivery of the same endpoint and order key is unsettled. */
  firstOfKey: boolean
  attempts: number
  dueAt: number
  lease: Lease | null
  lastError: string | null
  settledAt: number | null
  removed: boolean
  readonly log: Map<number, AttemptRow>
}

export function rowOf(record: DeliveryRecord): DeliveryRow {
  return {
    id: record.id,
    messageId: record.of.message.id,
    endpoint: record.endpoint,
    state: record.state,
    attempts: record.attempts,
    dueAt: record.dueAt,
    lastError: record.lastError,
    createdAt: record.at,
    settledAt: record.settledAt,
    redeliveryOf: record.redeliveryOf,
  }
}

/** The message of a delivery, the caller's to keep. */
export function messageOf({ of }: DeliveryRecord): Message {
  const { message } = of
  return { ...message, body: Uint8Array.from(message.body), headers: { ...message.headers } }
}
