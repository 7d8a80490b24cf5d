import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Entry } from './line-walk.ts'

/** What is wanted of lists of few, all with the same times. */
export interface FewQuery {
  readonly lists: readonly number[]
  /** The time that orders them. */
  readonly order: number
  /** Only those with a time between two, inclusive. @defaultValue all */
  readonly range?: { readonly slot: number; readonly from: number; readonly to: number }
}

/** Records of lists that have no lines. */
export interface FewRecords {
  count(query: FewQuery): number
  first(query: FewQuery, isUp: boolean, limit: number): readonly Entry[]
}

export function selectFew(order: number, range: number | undefined, isUp: boolean): string {
  const direction = isUp ? 'ASC' : 'DESC'
  return `
  SELECT time_${order} AS at, id, seq ${fromFew(range)} ORDER BY at ${direction}, id ${direction} LIMIT +?`
}

export function countFew(range: number | undefined): string {
  return `SELECT count(*) AS records ${fromFew(range)}`
}

export function fewRecords(database: DatabaseSync): FewRecords {
  const prepared = new Map<string, StatementSync>()

  return {
    count(query) {
      const row = statement(countFew(query.range?.slot)).get(...valuesOf(query))
      return Number(row?.['records'])
    },

    first: (query, isUp, limit) =>
      // The columns are as typed: the table is STRICT.
      statement(selectFew(query.order, query.range?.slot, isUp))
        .all(...valuesOf(query), limit)
        .map((row) => ({
          at: row['at'] as number,
          id: row['id'] as string,
          seq: row['seq'] as number,
        })),
  }

  function statement(sql: string): StatementSync {
    const known = prepared.get(sql)
    if (known !== undefined) return known
    const made = database.prepare(sql)
    prepared.set(sql, made)
    return made
  }
}

function fromFew(range: number | undefined): string {
  const only = range === undefined ? '' : `AND time_${range} BETWEEN ? AND ?`
  return `FROM record_listings INDEXED BY record_listings_short
  WHERE short_list IN (SELECT value FROM json_each(?)) ${only}`
}

function valuesOf({ lists, range }: FewQuery): (string | number)[] {
  const only = range === undefined ? [] : [range.from, range.to]
  return [JSON.stringify(lists), ...only]
}
