import type { DatabaseSync } from 'node:sqlite'
import { permitsOf, permitWindowOf } from '../permit-window.ts'
import type { PermitRequest, Permits } from '../permits.ts'

/** What was granted of each key, window by window. */
export interface PermitTable {
  take(key: string, request: PermitRequest): Permits
}

/** Windows of the past that one call forgets at most: more than it adds. */
const forgotten = 100

/** Few at a time, and there is nothing before them: no search. */
const forgetOld = `
  DELETE FROM permits
  WHERE (forget_at, key) IN (SELECT forget_at, key FROM permits WHERE forget_at <= ? LIMIT ${forgotten})`

export function permitTable(database: DatabaseSync): PermitTable {
  const select = database.prepare('SELECT taken FROM permits WHERE forget_at = ? AND key = ?')
  const replace = database.prepare(
    'INSERT OR REPLACE INTO permits (forget_at, key, taken) VALUES (?, ?, ?)',
  )
  const forget = database.prepare(forgetOld)

  return {
    take(key, request) {
      const { forgetAt } = permitWindowOf(request)
      const stored = select.get(forgetAt, key)?.['taken']
      if (stored === undefined) forget.run(request.now)
      const taken = Number(stored ?? 0)
      const permits = permitsOf(request, taken)
      replace.run(forgetAt, key, taken + permits.granted)
      return permits
    },
  }
}
