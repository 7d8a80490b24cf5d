import type { DatabaseSync } from 'node:sqlite'
import { type OwnPatch, patchedJson } from '../record-patch.ts'
import type { RecordListings } from './record-listings.ts'

/** Changes members of a record's value, if there is such a record. */
export function recordPatches(
  database: DatabaseSync,
  listings: RecordListings,
): (patch: OwnPatch) => void {
  const select = database.prepare('SELECT seq, value FROM records WHERE collection = ? AND id = ?')
  const update = database.prepare(
    'UPDATE records SET version = version + 1, value = ? WHERE seq = ?',
  )

  return (patch) => {
    const row = select.get(patch.collection, patch.id)
    if (row === undefined) return
    // The columns are as typed: the table is STRICT.
    const seq = row['seq'] as number
    update.run(patchedJson(row['value'] as string, patch), seq)
    if (Object.keys(patch.facets).length > 0) listings.move({ ...patch, seq }, patch.facets)
  }
}
