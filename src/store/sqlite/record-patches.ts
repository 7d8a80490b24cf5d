import type { DatabaseSync } from 'node:sqlite'
import { type OwnPatch, patchedJson } from '../record-patch.ts'

/** Changes members of a record's value, if there is such a record. */
export function recordPatches(database: DatabaseSync): (patch: OwnPatch) => void {
  const select = database.prepare('SELECT seq, value FROM records WHERE collection = ? AND id = ?')
  const update = database.prepare(
    'UPDATE records SET version = version + 1, value = ? WHERE seq = ?',
  )

  return (patch) => {
    const row = select.get(patch.collection, patch.id)
    if (row === undefined) return
    // The columns are as typed: the table is STRICT.
    update.run(patchedJson(row['value'] as string, patch), row['seq'] as number)
  }
}
