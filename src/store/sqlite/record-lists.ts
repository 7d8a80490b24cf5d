import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { type ListKey, listKeyOf } from '../record-list-key.ts'

/** How many records a list has, and how they are found. */
interface ListSize {
  readonly records: number
  /** Of them, those that have no places in its lines yet. */
  readonly waiting: number
  /** Whether its lines are counted in runs. */
  readonly isCounted: boolean
}

/** Records that are listed together. */
export interface StoredList extends ListKey, ListSize {
  readonly number: number
}

/** The lists there are. Once made, a list keeps its number for good. */
export interface RecordLists {
  /** A transaction begins; what the one before it made may have been undone. */
  begin(): void
  /** The number of a list, which is made if it is not there. */
  numberOf(collection: string, key: string): number
  keyOf(number: number): ListKey
  /** As it was at the beginning of the transaction. */
  sizeOf(number: number): ListSize
  /** As it is at the end of it. */
  resize(number: number, size: ListSize): void
  /** Lists of a collection that are not empty. */
  of(collection: string): readonly StoredList[]
}

export const selectLists = `
  SELECT l.list, s.records, s.waiting, s.is_counted FROM record_lists AS l CROSS JOIN record_list_sizes AS s ON s.list = l.list
  WHERE l.collection = ? AND s.records > 0`

export function recordLists(database: DatabaseSync): RecordLists {
  const select = database.prepare('SELECT list FROM record_lists WHERE collection = ? AND key = ?')
  const insert = database.prepare('INSERT INTO record_lists (collection, key) VALUES (?, ?)')
  const insertSize = database.prepare(
    'INSERT INTO record_list_sizes (list, records, waiting, is_counted) VALUES (?, 0, 0, 0)',
  )
  const selectKey = database.prepare('SELECT key FROM record_lists WHERE list = ?')
  const selectSize = database.prepare(
    'SELECT records, waiting, is_counted FROM record_list_sizes WHERE list = ?',
  )
  const updateSize = database.prepare(
    'UPDATE record_list_sizes SET records = ?, waiting = ?, is_counted = ? WHERE list = ?',
  )
  const selectFull = database.prepare(selectLists)
  /** Known numbers, by collection and key. */
  const numbers = new Map<string, number>()
  const keys = new Map<number, ListKey>()
  /** Of this transaction. */
  const sizes = new Map<number, ListSize>()
  /** Made in this transaction: not known before it is committed. */
  const made = new Set<string>()

  return {
    begin() {
      made.clear()
      sizes.clear()
    },

    numberOf(collection, key) {
      const name = `${collection}\0${key}`
      const number = numbers.get(name)
      if (number !== undefined) return number
      const found = select.get(collection, key)?.['list']
      if (typeof found !== 'number') {
        made.add(name)
        return make(collection, key)
      }
      if (!made.has(name)) numbers.set(name, found)
      return found
    },

    keyOf,

    sizeOf(number) {
      const known = sizes.get(number)
      if (known !== undefined) return known
      const size = storedSizeOf(selectSize.get(number) ?? {})
      sizes.set(number, size)
      return size
    },

    resize(number, { records, waiting, isCounted }) {
      updateSize.run(records, waiting, isCounted ? 1 : 0, number)
    },

    of: (collection) =>
      // The columns are as typed: the tables are STRICT.
      selectFull.all(collection).map((row) => ({
        ...keyOf(row['list'] as number),
        ...storedSizeOf(row),
        number: row['list'] as number,
      })),
  }

  function make(collection: string, key: string): number {
    const number = Number(insert.run(collection, key).lastInsertRowid)
    insertSize.run(number)
    // The number may be one that was undone.
    sizes.set(number, { records: 0, waiting: 0, isCounted: false })
    return number
  }

  function keyOf(number: number): ListKey {
    const key = keys.get(number)
    if (key !== undefined) return key
    const read = listKeyOf(selectKey.get(number)?.['key'] as string)
    // A number whose list was undone may be given to another.
    if (made.size === 0) keys.set(number, read)
    return read
  }
}

function storedSizeOf(row: Record<string, SQLOutputValue>): ListSize {
  return {
    records: Number(row['records']),
    waiting: Number(row['waiting']),
    isCounted: row['is_counted'] === 1,
  }
}
