import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** Prepares each text when it is first asked for, and once: for statements that are put together, of which there are few. */
export function preparedOnce(database: DatabaseSync): (sql: string) => StatementSync {
  const known = new Map<string, StatementSync>()
  return (sql) => {
    let statement = known.get(sql)
    if (statement === undefined) {
      statement = database.prepare(sql)
      known.set(sql, statement)
    }
    return statement
  }
}
