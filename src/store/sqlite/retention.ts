import type { DatabaseSync } from 'node:sqlite'

/** Removes what has been settled for long enough. */
export interface Retention {
  /** At most `limit` deliveries and redeliveries older than `before`; resolves to their number. */
  prune(before: number, limit: number): number
}

/** The oldest settled deliveries, found in an index that holds nothing else. */
export const selectSettled: string = `
  SELECT seq, message_seq FROM deliveries INDEXED BY deliveries_settled
  WHERE settled_at IS NOT NULL AND settled_at < ? ORDER BY settled_at LIMIT ?`

export function retention(database: DatabaseSync): Retention {
  const settledBefore = database.prepare(selectSettled)
  const removeAttempts = database.prepare('DELETE FROM attempts WHERE delivery_seq = ?')
  const removeDelivery = database.prepare('DELETE FROM deliveries WHERE seq = ?')
  const removeOrphan = database.prepare(
    'DELETE FROM messages WHERE seq = ?1 AND NOT EXISTS (SELECT 1 FROM deliveries WHERE message_seq = ?1)',
  )
  const removeRedeliveries = database.prepare(
    `DELETE FROM redeliveries WHERE seq IN (SELECT seq FROM redeliveries WHERE finished_at < ? ORDER BY created_at LIMIT ?)`,
  )

  return {
    prune(before, limit) {
      const deliveries = pruneDeliveries(before, limit)
      return deliveries + Number(removeRedeliveries.run(before, limit - deliveries).changes)
    },
  }

  function pruneDeliveries(before: number, limit: number): number {
    // Columns are as typed: the table is STRICT.
    const settled = settledBefore.all(before, limit) as { seq: number; message_seq: number }[]
    for (const { seq } of settled) {
      removeAttempts.run(seq)
      removeDelivery.run(seq)
    }
    for (const message of new Set(settled.map((row) => row.message_seq))) removeOrphan.run(message)
    return settled.length
  }
}
