import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Place } from '../paging.ts'
import type { DeliveryState } from '../store.ts'

/** Counts deliveries a slice at a time: a million take too long to be counted in one go. */
export interface BacklogCount {
  /** The slice after a place; the first without one. */
  slice(state: DeliveryState, after: Place | undefined): Slice
  /** `createdAt` of the oldest delivery that is not settled. */
  oldestUnsettledAt(): number | null
}

/** How many were counted, and where the next slice goes on; `undefined` after the last. */
interface Slice {
  readonly rows: number
  readonly end: Place | undefined
}

const sliceRows = 5_000
const beginning: Place = { at: Number.NEGATIVE_INFINITY, seq: 0 }

/** Rows of the same instant; asked for apart, because one comparison for both would read all of an instant's rows each time. */
export const selectSameInstant: string = countable('created_at = ? AND seq > ?')
export const selectLater: string = countable('created_at > ?')

const selectOldest = `
  SELECT (SELECT min(created_at) FROM deliveries WHERE state = 'pending') AS pending_since,
    (SELECT min(created_at) FROM deliveries WHERE state = 'sending') AS sending_since`

export function backlogCount(database: DatabaseSync): BacklogCount {
  const sameInstant = run(database, selectSameInstant)
  const later = run(database, selectLater)
  const oldest = database.prepare(selectOldest)

  return {
    slice(state, after = beginning) {
      const same = sameInstant(state, after.at, after.seq)
      if (same.end !== undefined) return same
      const rest = later(state, after.at)
      return { rows: same.rows + rest.rows, end: rest.end }
    },

    oldestUnsettledAt() {
      const times = Object.values(oldest.get() ?? {}).filter((time) => typeof time === 'number')
      return times.length === 0 ? null : Math.min(...times)
    },
  }
}

function countable(condition: string): string {
  return `FROM deliveries INDEXED BY deliveries_state WHERE state = ? AND ${condition}`
}

/** Rows that meet a condition, at most a slice of them. */
function run(database: DatabaseSync, from: string): (...values: (string | number)[]) => Slice {
  const nth: StatementSync = database.prepare(
    `SELECT created_at, seq ${from} ORDER BY created_at, seq LIMIT 1 OFFSET ${sliceRows - 1}`,
  )
  const all: StatementSync = database.prepare(`SELECT count(*) AS rows ${from}`)
  return (...values) => {
    const end = nth.get(...values)
    if (end === undefined) return { rows: Number(all.get(...values)?.['rows']), end: undefined }
    return { rows: sliceRows, end: { at: Number(end['created_at']), seq: Number(end['seq']) } }
  }
}
