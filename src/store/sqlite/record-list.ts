import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { compareBytes } from '../byte-order.ts'
import { checkCount, entriesToLookUp } from '../record-lookup.ts'
import { rangeOf } from '../record-range.ts'
import { isRecordName } from '../record-text.ts'
import type { FoundRecord, RecordLookup, RecordQuery, StoredRecord } from '../records.ts'
import { storedRecordOf } from '../rows.ts'
import { limited } from './limit.ts'
import { snapshots } from './snapshot.ts'

/** What is read of records. */
export interface RecordList {
  records(collection: string, ids: readonly string[]): (StoredRecord | undefined)[]
  find(query: RecordQuery): FoundRecord[]
  lookUp(lookup: RecordLookup): StoredRecord[]
}

type Row = Record<string, SQLOutputValue>

const columns = 'r.collection, r.id, r.version, r.value, r.content, r.erased_at'

const selectById = `SELECT ${columns} FROM records AS r WHERE collection = ? AND id = ?`

/** A walk along an index between two places. */
export function selectBetween(order: 'ASC' | 'DESC'): string {
  return `
    SELECT e.entry, ${columns} FROM record_entries AS e CROSS JOIN records AS r ON r.seq = e.seq
    WHERE e.collection = ? AND e.name = ? AND (e.entry, e.id) > (?, ?) AND (e.entry, e.id) < (?, ?)
    ORDER BY e.entry ${order}, e.id ${order} ${limited}`
}

/** Records under one entry: of several, each stands in its own order. */
export const selectUnder: string = `
  SELECT ${columns} FROM record_entries AS e CROSS JOIN records AS r ON r.seq = e.seq
  WHERE e.collection = ? AND e.name = ? AND e.entry = ? AND e.id > ?
  ORDER BY e.id ${limited}`

export function recordList(database: DatabaseSync): RecordList {
  const byId = database.prepare(selectById)
  const upwards = database.prepare(selectBetween('ASC'))
  const downwards = database.prepare(selectBetween('DESC'))
  const under = database.prepare(selectUnder)
  const together = snapshots(database)

  return {
    records(collection, ids) {
      checkCount('ids', ids)
      return together(() => ids.map((id) => one(collection, id)))
    },

    find(query) {
      const { low, high } = rangeOf(query)
      const walk = query.order === 'descending' ? downwards : upwards
      const { collection, index, limit } = query
      return walk
        .all(collection, index, low.entry, low.id, high.entry, high.id, limit)
        .map((row) => ({ ...storedRecordOf(row), entry: row['entry'] as string }))
    },

    lookUp: (lookup) => together(() => lookUp(lookup)),
  }

  function one(collection: string, id: string): StoredRecord | undefined {
    const row = isRecordName(id) ? byId.get(collection, id) : undefined
    return row && storedRecordOf(row)
  }

  function lookUp(lookup: RecordLookup): StoredRecord[] {
    const { collection, index, after = '', limit } = lookup
    const lists = entriesToLookUp(lookup).map((entry) =>
      under.all(collection, index, entry, after, limit),
    )
    return firstOf(lists, limit).map(storedRecordOf)
  }
}

/** The first rows of several lists, each once, in the order of the ids' bytes. */
function firstOf(lists: readonly (readonly Row[])[], limit: number): readonly Row[] {
  const [only, ...others] = lists.filter((list) => list.length > 0)
  if (others.length === 0) return only ?? []
  const rows = new Map<string, Row>()
  // The column is as typed: the table is STRICT.
  for (const row of lists.flat()) rows.set(row['id'] as string, row)
  // Sorting knows the lists again: it merges what is in order already.
  const found = [...rows].sort(([a], [b]) => compareBytes(a, b))
  return found.slice(0, limit).map(([, row]) => row)
}
