import type { DatabaseSync } from 'node:sqlite'
import type { SlotRequest } from '../rate-slots.ts'

/** The next free place in time of each endpoint. */
export interface RateTable {
  take(endpoint: string, request: SlotRequest): number
}

export function rateTable(database: DatabaseSync): RateTable {
  const select = database.prepare('SELECT next_at FROM rates WHERE endpoint = ?')
  const replace = database.prepare('INSERT OR REPLACE INTO rates (endpoint, next_at) VALUES (?, ?)')

  return {
    take(endpoint, { count, intervalMs, now }) {
      const nextAt = select.get(endpoint)?.['next_at']
      const first = typeof nextAt === 'number' ? Math.max(nextAt, now) : now
      replace.run(endpoint, first + count * intervalMs)
      return first
    },
  }
}
