import type { Row, Statement, Value } from './database.ts'

/** What the tables of a store ask of its database. */
export interface Connections {
  readonly schema: string
  readonly sender: string
  read(statement: Statement, values: readonly Value[]): Promise<readonly Row[]>
  write(statement: Statement, values: readonly Value[]): Promise<readonly Row[]>
}
