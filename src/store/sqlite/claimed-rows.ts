import type { DatabaseSync } from 'node:sqlite'
import type { DeliveryId, MessageId } from '../../ids.ts'
import { Claimed, ClaimedMessage } from '../claimed.ts'
import type { ClaimedDelivery, Message, MessageOrigin } from '../store.ts'
import { limited } from './limit.ts'

/** A due delivery with its message: its columns in the order of `selectDue`. */
export type DueRow = readonly [
  seq: number,
  id: DeliveryId,
  attempts: number,
  dueAt: number,
  orderKey: string | null,
  lastError: string | null,
  createdAt: number,
  redeliveryOf: DeliveryId | null,
  messageId: MessageId,
  origin: MessageOrigin,
  type: string,
  contentType: string,
  headers: string,
  traceId: string,
  depth: number,
  tenant: string | null,
  messageCreatedAt: number,
  body: Uint8Array,
]

/** Due deliveries of one endpoint. Those held back by their order key stand elsewhere in the index, so they cost nothing. */
export const selectDue: string = `
  SELECT d.seq, d.id, d.attempts, d.due_at, d.order_key, d.last_error, d.created_at, d.redelivery_of,
    m.id, m.origin, m.type, m.content_type, m.headers, m.trace_id, m.depth, m.tenant, m.created_at, m.body
  FROM deliveries AS d INDEXED BY deliveries_due CROSS JOIN messages AS m ON m.seq = d.message_seq
  WHERE d.endpoint = ? AND d.state = 'pending' AND d.first_of_key = 1 AND d.due_at <= ?
  ORDER BY d.due_at, d.seq ${limited}`

/** Reads what is due. Rows come as arrays: an object for each row costs more than SQLite takes to find it. */
export function dueRows(
  database: DatabaseSync,
): (endpoint: string, now: number, limit: number) => readonly DueRow[] {
  const select = database.prepare(selectDue)
  select.setReturnArrays(true)
  // Columns are as typed: the tables are STRICT, and ids and origins were written from values of these types.
  return (endpoint, now, limit) => select.all(endpoint, now, limit) as unknown as DueRow[]
}

/** A delivery of `endpoint` that was due and is leased now. */
export function claimedOf(endpoint: string, row: DueRow): ClaimedDelivery {
  const [, id, attempts, dueAt, orderKey, lastError, createdAt, redeliveryOf] = row
  const message = messageOf(row)
  const facts = { id, attempts, dueAt, orderKey, lastError, createdAt, redeliveryOf, endpoint }
  return new Claimed(facts, message)
}

function messageOf(row: DueRow): Message {
  return new ClaimedMessage({
    id: row[8],
    origin: row[9],
    type: row[10],
    contentType: row[11],
    // Written from such an object.
    headers: JSON.parse(row[12]) as Record<string, string>,
    traceId: row[13],
    depth: row[14],
    tenant: row[15],
    createdAt: row[16],
    body: row[17],
  })
}
