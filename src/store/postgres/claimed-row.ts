import type { DeliveryId, MessageId } from '../../ids.ts'
import { Claimed, ClaimedMessage } from '../claimed.ts'
import type { ClaimedDelivery, MessageOrigin } from '../store.ts'

/** What a claim tells of one delivery: as `claim` in `claim-routine.ts` returns it, all of it text but for bodies that are none. */
export type ClaimedRow = readonly [
  /** What cannot hold a blank: `id message_id attempts due_at created_at depth message_created_at`. */
  facts: string,
  endpoint: string,
  orderKey: string | null,
  lastError: string | null,
  redeliveryOf: string | null,
  origin: string,
  type: string,
  contentType: string,
  headers: string,
  traceId: string,
  tenant: string | null,
  /** One of the two. */
  said: string | null,
  bytes: Uint8Array | null,
]

// The casts below are proven by the schema: ids and origins were written from values of these types.

export function claimedOf(row: ClaimedRow): ClaimedDelivery {
  const [facts, endpoint, orderKey, lastError, redeliveryOf] = row
  const [id, messageId, attempts, dueAt, createdAt, depth, messageCreatedAt] = facts.split(' ')
  const message = new ClaimedMessage({
    id: messageId as MessageId,
    origin: row[5] as MessageOrigin,
    type: row[6],
    contentType: row[7],
    body: bodyOf(row),
    headers: JSON.parse(row[8]) as Record<string, string>,
    traceId: row[9],
    depth: Number(depth),
    tenant: row[10],
    createdAt: Number(messageCreatedAt),
  })
  const claim = {
    id: id as DeliveryId,
    endpoint,
    attempts: Number(attempts),
    dueAt: Number(dueAt),
    lastError,
    createdAt: Number(createdAt),
    redeliveryOf: redeliveryOf as DeliveryId | null,
    orderKey,
  }
  return new Claimed(claim, message)
}

function bodyOf({ 11: said, 12: bytes }: ClaimedRow): Uint8Array {
  return said === null ? (bytes as Uint8Array) : Buffer.from(said)
}
