import type { DatabaseSync } from 'node:sqlite'
import type { DeliveryId } from '../../ids.ts'
import {
  deliveryExists,
  isSameMessage,
  messageDiffers,
  messageErased,
  orderedBornClaimed,
} from '../refusal.ts'
import type { Lease, Message, NewDelivery, NewMessage } from '../store.ts'
import { isDuplicate } from './failure.ts'
import type { RowHints } from './row-hints.ts'

/** What `enqueue` gives to a host with the very commit that stores it. */
interface BornClaimed {
  readonly lease: Lease
  readonly ids: ReadonlySet<DeliveryId>
}

type StoredMessage = Pick<Message, 'type' | 'contentType' | 'body'> & {
  readonly seq: number
  readonly erasedAt: number | null
}

/** Where messages enter, with their deliveries. */
export interface OutboxTable {
  enqueue(messages: readonly NewMessage[], claimed: BornClaimed | undefined): void
}

/** Deliveries of one message that are stored by one statement: a call for each costs twice as much. */
const worthOneStatement = 16
const idLength = 36

/** Each as its id and, right behind it, its endpoint. */
const insertAll = `
  INSERT INTO deliveries (id, message_seq, endpoint, state, due_at, first_of_key, lease_owner, lease_until, created_at)
  SELECT substr(value, 1, ${idLength}), :messageSeq, substr(value, ${idLength + 1}), :state, :dueAt, 1, :owner, :until, :createdAt
  FROM json_each(:deliveries)`

export function outboxTable(database: DatabaseSync, hints: RowHints): OutboxTable {
  const insertMessage = database.prepare(
    `INSERT INTO messages (id, origin, type, content_type, headers, trace_id, depth, tenant, created_at, body)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
  )
  const selectMessage = database.prepare(
    'SELECT seq, type, content_type AS contentType, body, erased_at AS erasedAt FROM messages WHERE id = ?',
  )
  const insertDelivery = database.prepare(
    `INSERT INTO deliveries (id, message_seq, endpoint, state, due_at, order_key, first_of_key,
       lease_owner, lease_until, created_at, redelivery_of, redelivery_root)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const insertDeliveries = database.prepare(insertAll)
  const selectRoot = database.prepare('SELECT redelivery_root FROM deliveries WHERE id = ?')
  const selectUnsettledOfKey = database.prepare(
    `SELECT 1 FROM deliveries INDEXED BY deliveries_key
     WHERE endpoint = ? AND order_key = ? AND settled_at IS NULL LIMIT 1`,
  )

  return {
    enqueue(messages, claimed) {
      for (const message of messages) {
        if (message.deliveries.length === 0) continue
        const seq = storeMessage(message)
        for (const delivery of storeMany(message, seq, claimed)) {
          storeDelivery(delivery, seq, message.createdAt, claimed)
        }
      }
    },
  }

  function storeMessage(message: NewMessage): number {
    const { changes, lastInsertRowid } = insertMessage.run(
      message.id,
      message.origin,
      message.type,
      message.contentType,
      JSON.stringify(message.headers),
      message.traceId,
      message.depth,
      message.tenant ?? null,
      message.createdAt,
      message.body,
    )
    return changes === 1 ? Number(lastInsertRowid) : storedSeq(message)
  }

  function storedSeq(message: NewMessage): number {
    // Columns are as typed: the table is STRICT.
    const stored = selectMessage.get(message.id) as unknown as StoredMessage
    if (stored.erasedAt !== null) throw messageErased(message.id)
    if (!isSameMessage(stored, message)) throw messageDiffers(message.id)
    return stored.seq
  }

  /** Stores those that are alike, if that is worth while. Gives those that are to be stored one by one. */
  function storeMany(
    { deliveries, createdAt }: NewMessage,
    messageSeq: number,
    claimed: BornClaimed | undefined,
  ): readonly NewDelivery[] {
    const dueAt = deliveries[0]?.dueAt ?? 0
    const born: NewDelivery[] = []
    const waiting: NewDelivery[] = []
    const others: NewDelivery[] = []
    for (const delivery of deliveries) {
      if (!isPlain(delivery, dueAt)) others.push(delivery)
      else if (claimed?.ids.has(delivery.id) === true) born.push(delivery)
      else waiting.push(delivery)
    }
    const row = { messageSeq, dueAt, createdAt }
    if (!storeTogether(born, row, claimed?.lease)) others.push(...born)
    if (!storeTogether(waiting, row, undefined)) others.push(...waiting)
    return others
  }

  /** `false`: none is stored, because they are few, or one of them is there already. */
  function storeTogether(
    deliveries: readonly NewDelivery[],
    row: { readonly messageSeq: number; readonly dueAt: number; readonly createdAt: number },
    lease: Lease | undefined,
  ): boolean {
    if (deliveries.length < worthOneStatement) return false
    try {
      const { lastInsertRowid } = insertDeliveries.run({
        ...row,
        state: lease === undefined ? 'pending' : 'sending',
        owner: lease?.owner ?? null,
        until: lease?.until ?? null,
        deliveries: JSON.stringify(deliveries.map(({ id, endpoint }) => id + endpoint)),
      })
      if (lease !== undefined) rememberRows(deliveries, Number(lastInsertRowid))
      return true
    } catch (error) {
      if (isDuplicate(error)) return false
      throw error
    }
  }

  function rememberRows(deliveries: readonly NewDelivery[], last: number): void {
    let seq = last - deliveries.length
    for (const { id, endpoint } of deliveries) {
      seq += 1
      hints.remember(id, { seq, endpoint, orderKey: null })
    }
  }

  function storeDelivery(
    delivery: NewDelivery,
    messageSeq: number,
    createdAt: number,
    claimed: BornClaimed | undefined,
  ): void {
    const { id, endpoint, dueAt, orderKey, redeliveryOf } = delivery
    const lease = claimed?.ids.has(id) === true ? claimed.lease : undefined
    if (lease !== undefined && orderKey !== null) throw orderedBornClaimed(id)
    const first = orderKey === null || selectUnsettledOfKey.get(endpoint, orderKey) === undefined
    try {
      const { lastInsertRowid } = insertDelivery.run(
        id,
        messageSeq,
        endpoint,
        lease === undefined ? 'pending' : 'sending',
        dueAt,
        orderKey,
        first ? 1 : 0,
        lease?.owner ?? null,
        lease?.until ?? null,
        createdAt,
        redeliveryOf,
        redeliveryOf === null ? null : rootOf(redeliveryOf),
      )
      if (lease !== undefined) {
        hints.remember(id, { seq: Number(lastInsertRowid), endpoint, orderKey })
      }
    } catch (error) {
      throw isDuplicate(error) ? deliveryExists(id, error) : error
    }
  }

  /** What repeats a redelivery repeats the delivery that one began with. */
  function rootOf(id: DeliveryId): string {
    const root = selectRoot.get(id)?.['redelivery_root']
    return typeof root === 'string' ? root : id
  }
}

/** What any cut by characters leaves whole, and nothing about it has to be looked up. */
function isPlain(delivery: NewDelivery, usualDueAt: number): boolean {
  const { id, endpoint, dueAt, orderKey, redeliveryOf } = delivery
  if (dueAt !== usualDueAt || orderKey !== null || redeliveryOf !== null) return false
  return id.length === idLength && ascii.test(id) && ascii.test(endpoint)
}

const ascii = /^[\x20-\x7e]*$/
