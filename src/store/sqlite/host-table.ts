import type { DatabaseSync } from 'node:sqlite'

/** The hosts that live: who holds leases but is not here is dead. */
export interface HostTable {
  beat(host: string, now: number): void
  leave(host: string): void
  /** The ids of those that have beaten since then. */
  live(since: number): readonly string[]
}

export function hostTable(database: DatabaseSync): HostTable {
  const upsert = database.prepare(
    `INSERT INTO hosts (id, beat_at) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET beat_at = excluded.beat_at`,
  )
  const select = database.prepare('SELECT id FROM hosts WHERE beat_at >= ?')
  const remove = database.prepare('DELETE FROM hosts WHERE id = ?')

  return {
    beat(host, now) {
      upsert.run(host, now)
    },
    leave(host) {
      remove.run(host)
    },
    live: (since) => select.all(since).map((row) => String(row['id'])),
  }
}
