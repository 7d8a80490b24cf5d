import type { CliContext } from './context.ts'
import { renderTable } from './table.ts'

/** A listing: with `--json` one array of the objects, else a table of the columns named. */
export function printListing(
  { terminal, options }: CliContext,
  rows: readonly object[],
  columns: readonly string[],
): void {
  if (options.json) terminal.printJson(rows)
  else if (rows.length === 0) terminal.say('none')
  else terminal.print(renderTable(rows, columns))
}
