import type { DatabaseSync } from 'node:sqlite'

/** Bytes that need pages of their own, so that a full disk is noticed. */
const probeBytes = 16_384

/** Finds out whether the store takes writes, leaving nothing behind. */
export function probeTable(database: DatabaseSync): { write(): void } {
  const fill = database.prepare('INSERT INTO probe (filler) VALUES (zeroblob(?))')
  const empty = database.prepare('DELETE FROM probe')

  return {
    write() {
      fill.run(probeBytes)
      empty.run()
    },
  }
}
