import type { DatabaseSync } from 'node:sqlite'
import { RecordConflictError } from '../../errors.ts'
import type { OwnPut, RecordKey, RecordKeys } from '../record-write.ts'

/** What records are found under. */
export interface RecordKeysTable {
  /** Writes what is new and removes what is gone; what stays is left alone. */
  replace(
    record: Pick<OwnPut, 'collection' | 'id'>,
    seq: number,
    before: RecordKeys,
    after: RecordKeys,
  ): void
}

export function recordKeys(database: DatabaseSync): RecordKeysTable {
  const claimText = database.prepare(
    'INSERT INTO record_unique (collection, text) VALUES (?, ?) ON CONFLICT DO NOTHING',
  )
  const freeText = database.prepare('DELETE FROM record_unique WHERE collection = ? AND text = ?')
  const addEntry = database.prepare(
    'INSERT INTO record_entries (collection, name, entry, id, seq) VALUES (?, ?, ?, ?, ?)',
  )
  const removeEntry = database.prepare(
    'DELETE FROM record_entries WHERE collection = ? AND name = ? AND entry = ? AND id = ?',
  )

  return {
    replace(record, seq, before, after) {
      replaceUnique(record, before.unique, after.unique)
      const { collection, id } = record
      for (const [name, entry] of without(before.entries, after.entries)) {
        removeEntry.run(collection, name, entry, id)
      }
      for (const [name, entry] of without(after.entries, before.entries)) {
        addEntry.run(collection, name, entry, id, seq)
      }
    },
  }

  function replaceUnique(
    record: Pick<OwnPut, 'collection' | 'id'>,
    before: readonly string[],
    after: readonly string[],
  ): void {
    for (const text of before) {
      if (!after.includes(text)) freeText.run(record.collection, text)
    }
    for (const text of after) {
      if (before.includes(text)) continue
      const { changes } = claimText.run(record.collection, text)
      if (changes === 0) throw new RecordConflictError(record, 'unique')
    }
  }
}

/** Keys of the first list that are not in the other. */
function without(keys: readonly RecordKey[], others: readonly RecordKey[]): readonly RecordKey[] {
  if (others.length === 0) return keys
  return keys.filter(
    ([index, entry]) => !others.some((other) => other[0] === index && other[1] === entry),
  )
}
