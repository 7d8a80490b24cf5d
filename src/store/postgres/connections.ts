import type { Row, Statement, Value } from './database.ts'

/** What the tables of a store ask of its database. */
export interface Connections {
  readonly schema: string
  readonly sender: string
  read(statement: Statement, values: readonly Value[]): Promise<readonly Row[]>
  /** As `write`, for rows as arrays of what is in them, in the order of the columns: cheaper, where there are many. */
  writeForCells<Cells extends readonly unknown[]>(
    statement: Statement,
    values: readonly Value[],
  ): Promise<readonly Cells[]>
  write(statement: Statement, values: readonly Value[]): Promise<readonly Row[]>
}
