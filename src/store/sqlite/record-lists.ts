import type { DatabaseSync } from 'node:sqlite'
import { type ListKey, listKeyOf } from '../record-list-key.ts'

/**
 * How a list's records are found.
 *
 * A list of few has nothing of its own: they are looked for among all that stand in such lists. Else they stand in lines, which are counted when they
 * are long. What comes and goes through lists of few costs next to nothing.
 */
export type ListStage = 'few' | 'lined' | 'counted'

export interface ListSize {
  readonly records: number
  readonly stage: ListStage
}

/** Records that are listed together. */
export interface StoredList extends ListKey {
  readonly number: number
  readonly total: number
  readonly stage: ListStage
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

const stages: readonly ListStage[] = ['few', 'lined', 'counted']

export const selectLists = `
  SELECT l.list, s.records, s.stage FROM record_lists AS l CROSS JOIN record_list_sizes AS s ON s.list = l.list
  WHERE l.collection = ? AND s.records > 0`

export function recordLists(database: DatabaseSync): RecordLists {
  const select = database.prepare('SELECT list FROM record_lists WHERE collection = ? AND key = ?')
  const insert = database.prepare('INSERT INTO record_lists (collection, key) VALUES (?, ?)')
  const insertSize = database.prepare(
    'INSERT INTO record_list_sizes (list, records, stage) VALUES (?, 0, ?)',
  )
  const selectKey = database.prepare('SELECT key FROM record_lists WHERE list = ?')
  const selectSize = database.prepare('SELECT records, stage FROM record_list_sizes WHERE list = ?')
  const updateSize = database.prepare(
    'UPDATE record_list_sizes SET records = ?, stage = ? WHERE list = ?',
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
      const row = selectSize.get(number)
      const size = { records: Number(row?.['records']), stage: stageAt(row?.['stage']) }
      sizes.set(number, size)
      return size
    },

    resize(number, { records, stage }) {
      updateSize.run(records, stages.indexOf(stage), number)
    },

    of: (collection) =>
      // The columns are as typed: the tables are STRICT.
      selectFull.all(collection).map((row) => ({
        ...keyOf(row['list'] as number),
        number: row['list'] as number,
        total: row['records'] as number,
        stage: stageAt(row['stage']),
      })),
  }

  /** All of a collection stand in lines from the first on. */
  function make(collection: string, key: string): number {
    const number = Number(insert.run(collection, key).lastInsertRowid)
    const stage = listKeyOf(key).facets === null ? 'lined' : 'few'
    insertSize.run(number, stages.indexOf(stage))
    // The number may be one that was undone.
    sizes.set(number, { records: 0, stage })
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

function stageAt(place: unknown): ListStage {
  return stages[Number(place)] ?? 'few'
}
