import type { DatabaseSync } from 'node:sqlite'
import { preparedOnce } from './prepared.ts'
import { zoneRows } from './record-zones.ts'
import { mayContain } from './text-signature.ts'

/** What is looked for in zones. */
interface ZoneQuery {
  readonly whole: number
  readonly text: string
  /** Which of the times orders what is found. */
  readonly order: number
  /** Only records with a time between two, inclusive. */
  readonly range: { readonly slot: number; readonly from: number; readonly to: number } | null
}

/** Rows in which a text may be. */
export interface Zone {
  /** Those behind this one, */
  readonly after: number
  /** and up to this. */
  readonly to: number
  /** Between what the time is that orders them, at most. */
  readonly low: number
  readonly high: number
}

/** Finds the zones in which a text may be, among rows that are in the full-text index. */
export type ZoneSearch = (query: ZoneQuery) => readonly Zone[]

export function selectZones(order: number, range: number | undefined): string {
  const only = range === undefined ? '' : `AND high_${range} >= ? AND low_${range} <= ?`
  return `
  SELECT zone, low_${order} AS low, high_${order} AS high, signature FROM record_zones WHERE whole = ? ${only} ORDER BY zone`
}

export function zoneSearch(database: DatabaseSync): ZoneSearch {
  const statement = preparedOnce(database)

  return ({ whole, text, order, range }) => {
    const rows = statement(selectZones(order, range?.slot)).all(
      whole,
      ...(range === null ? [] : [range.from, range.to]),
    )
    const isPossible = mayContain(text)
    return rows
      .filter(({ signature }) => !(signature instanceof Uint8Array) || isPossible(signature))
      .map((row): Zone => {
        // The columns are as typed: the table is STRICT.
        const first = (row['zone'] as number) * zoneRows
        return {
          after: first - 1,
          to: first + zoneRows - 1,
          low: row['low'] as number,
          high: row['high'] as number,
        }
      })
  }
}
