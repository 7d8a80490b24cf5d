import type { DatabaseSync } from 'node:sqlite'

/** Runs reads that belong together: they see one state of the file, and take its lock once. */
export type Snapshot = <T>(read: () => T) => T

export function snapshots(database: DatabaseSync): Snapshot {
  const begin = database.prepare('BEGIN')
  const end = database.prepare('COMMIT')
  return (read) => {
    begin.run()
    try {
      return read()
    } finally {
      // Some failures make SQLite roll back by itself.
      if (database.isTransaction) end.run()
    }
  }
}
