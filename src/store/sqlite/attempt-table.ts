import type { DatabaseSync } from 'node:sqlite'
import { attemptOf } from '../rows.ts'
import type { AttemptRow } from '../store.ts'

/** The log of requests made. */
export interface AttemptTable {
  /** An attempt that was lost with its host is repeated under the same number: the last one stands. */
  record(deliverySeq: number, attempt: AttemptRow): void
  of(deliverySeq: number): AttemptRow[]
}

export function attemptTable(database: DatabaseSync): AttemptTable {
  const insert = database.prepare(
    `INSERT OR REPLACE INTO attempts (delivery_seq, number, started_at, duration_ms, phases, outcome,
       status, response_headers, error, response_body)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const select = database.prepare('SELECT * FROM attempts WHERE delivery_seq = ? ORDER BY number')

  return {
    record(deliverySeq, attempt) {
      const headers = attempt.responseHeaders
      insert.run(
        deliverySeq,
        attempt.number,
        attempt.startedAt,
        attempt.durationMs,
        JSON.stringify(attempt.phases),
        attempt.outcome,
        attempt.status,
        headers === null ? null : JSON.stringify(headers),
        attempt.error,
        attempt.responseBody,
      )
    },
    of: (deliverySeq) => select.all(deliverySeq).map(attemptOf),
  }
}
