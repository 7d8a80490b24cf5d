import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { type Erasure, type ErasureTarget, erasedReason } from '../erasure.ts'
import type { RecordStamps } from '../record-stamps.ts'
import { limited } from './limit.ts'
import type { RecordListings } from './record-listings.ts'

/** Takes bodies out of the file. */
export interface ErasureTable {
  erase(target: ErasureTarget, at: number, limit: number): Erasure
  /** Lets nothing of what was erased stay in the write-ahead log. */
  forget(): void
}

export const selectOfTenant = `
  SELECT seq FROM messages INDEXED BY messages_tenant WHERE tenant = ? AND erased_at IS NULL LIMIT ?`

const selectById = 'SELECT seq FROM messages WHERE id = ? AND erased_at IS NULL LIMIT ?'

const emptyMessage = `UPDATE messages SET body = x'', headers = '{}', erased_at = ? WHERE seq = ?`

const cancelUnsettled = `
  UPDATE deliveries SET state = 'cancelled', last_error = ?, settled_at = ?, lease_owner = NULL, lease_until = NULL
  WHERE message_seq = ? AND settled_at IS NULL`

const emptyRecord = `UPDATE records SET content = NULL, erased_at = ?, version = version + 1 WHERE seq = ?`

export const selectRecordsOfTenant: string = `
  SELECT seq FROM records INDEXED BY records_tenant WHERE tenant = ? AND content IS NOT NULL ${limited}`

export const selectRecordsOfMessage: string = `
  SELECT seq FROM records INDEXED BY records_message WHERE message_id = ? AND content IS NOT NULL ${limited}`

const forgetAnswers = `
  UPDATE attempts SET response_headers = NULL, response_body = NULL
  WHERE delivery_seq IN (SELECT seq FROM deliveries WHERE message_seq = ?)`

/**
 * @param listings - of the records
 * @param passKeyOn - lets the next delivery of an order key go
 */
export function erasureTable(
  database: DatabaseSync,
  listings: Pick<RecordListings, 'eraseTexts'>,
  stamps: Pick<RecordStamps, 'touchAny'>,
  passKeyOn: (endpoint: string, orderKey: string) => void,
): ErasureTable {
  const byId = database.prepare(selectById)
  const ofTenant = database.prepare(selectOfTenant)
  const empty = database.prepare(emptyMessage)
  const keys = database.prepare(
    `SELECT DISTINCT endpoint, order_key FROM deliveries
     WHERE message_seq = ? AND order_key IS NOT NULL AND settled_at IS NULL`,
  )
  const cancel = database.prepare(cancelUnsettled)
  const forget = database.prepare(forgetAnswers)
  const recordsOfTenant = database.prepare(selectRecordsOfTenant)
  const recordsOfMessage = database.prepare(selectRecordsOfMessage)
  const emptyOne = database.prepare(emptyRecord)

  return {
    erase(target, at, limit) {
      // What is overwritten or freed now is overwritten with zeros; otherwise SQLite leaves the bytes where they were.
      database.exec('PRAGMA secure_delete = ON')
      try {
        const messages = find(target, limit).map((row) => row['seq'] as number)
        let cancelled = 0
        for (const seq of messages) cancelled += eraseOne(seq, at)
        const records = findRecords(target, limit)
        if (records.length > 0) stamps.touchAny()
        for (const { seq } of records) emptyOne.run(at, seq ?? null)
        // The column is as typed: the table is STRICT.
        listings.eraseTexts(records.map(({ seq }) => seq as number))
        return { messages: messages.length, cancelled, records: records.length }
      } finally {
        database.exec('PRAGMA secure_delete = OFF')
      }
    },

    forget() {
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    },
  }

  function find(target: ErasureTarget, limit: number): Record<string, SQLOutputValue>[] {
    switch (target.kind) {
      case 'message':
        return byId.all(target.id, limit)
      case 'tenant':
        return ofTenant.all(target.tenant, limit)
    }
  }

  function findRecords(target: ErasureTarget, limit: number): Record<string, SQLOutputValue>[] {
    switch (target.kind) {
      case 'message':
        return recordsOfMessage.all(target.id, limit)
      case 'tenant':
        return recordsOfTenant.all(target.tenant, limit)
    }
  }

  function eraseOne(seq: number, at: number): number {
    const held = keys.all(seq)
    const cancelled = Number(cancel.run(erasedReason, at, seq).changes)
    for (const row of held) passKeyOn(row['endpoint'] as string, row['order_key'] as string)
    forget.run(seq)
    empty.run(at, seq)
    return cancelled
  }
}
