import type { DatabaseSync } from 'node:sqlite'
import { type ListKey, listKeyOf } from '../record-list-key.ts'

/** Records that are listed together. */
export interface StoredList extends ListKey {
  readonly number: number
  readonly total: number
  readonly isCounted: boolean
}

/** The lists there are. Once made, a list keeps its number for good. */
export interface RecordLists {
  /** A transaction begins; what the one before it made may have been undone. */
  begin(): void
  /** The number of a list, which is made if it is not there. */
  numberOf(collection: string, key: string): number
  keyOf(number: number): ListKey
  /** Lists of a collection that are not empty. */
  of(collection: string): readonly StoredList[]
}

export function recordLists(database: DatabaseSync): RecordLists {
  const select = database.prepare('SELECT list FROM record_lists WHERE collection = ? AND key = ?')
  const insert = database.prepare(
    'INSERT INTO record_lists (collection, key, total, is_counted) VALUES (?, ?, 0, 0)',
  )
  const selectKey = database.prepare('SELECT key FROM record_lists WHERE list = ?')
  const selectFull = database.prepare(
    'SELECT list, total, is_counted FROM record_lists WHERE collection = ? AND total > 0',
  )
  /** Known numbers, by collection and key. */
  const numbers = new Map<string, number>()
  const keys = new Map<number, ListKey>()
  /** Made in this transaction: not known before it is committed. */
  const made = new Set<string>()

  return {
    begin() {
      made.clear()
    },

    numberOf(collection, key) {
      const name = JSON.stringify([collection, key])
      const known = numbers.get(name)
      if (known !== undefined) return known
      const found = select.get(collection, key)?.['list']
      if (typeof found !== 'number') {
        made.add(name)
        return Number(insert.run(collection, key).lastInsertRowid)
      }
      if (!made.has(name)) numbers.set(name, found)
      return found
    },

    keyOf,

    of: (collection) =>
      // The columns are as typed: the table is STRICT.
      selectFull.all(collection).map((row) => ({
        ...keyOf(row['list'] as number),
        number: row['list'] as number,
        total: row['total'] as number,
        isCounted: row['is_counted'] === 1,
      })),
  }

  function keyOf(number: number): ListKey {
    const known = keys.get(number)
    if (known !== undefined) return known
    const key = listKeyOf(selectKey.get(number)?.['key'] as string)
    // A number whose list was undone may be given to another.
    if (made.size === 0) keys.set(number, key)
    return key
  }
}
