import type { DatabaseSync } from 'node:sqlite'
import type { Entry } from './line-walk.ts'
import { preparedOnce } from './prepared.ts'

/** What is wanted of lists, all with the same times. */
export interface WaitingQuery {
  readonly lists: readonly number[]
  /** The time that orders them. */
  readonly order: number
  /** Only those with a time between two, inclusive. @defaultValue all */
  readonly range?: { readonly slot: number; readonly from: number; readonly to: number }
}

/** Records that have no places in the lines of their lists yet: those of all lists stand together. */
export interface WaitingRecords {
  count(query: WaitingQuery): number
  /** The first so many. */
  inOrder(query: WaitingQuery, isUp: boolean, most: number): Iterator<Entry>
  /** All of them, in no order. */
  rows(query: WaitingQuery): readonly number[]
}

/** Entries that are read first: more are rarely wanted. */
const firstChunk = 64

export function selectWaiting(order: number, range: number | undefined, isUp: boolean): string {
  const direction = isUp ? 'ASC' : 'DESC'
  return `
  SELECT time_${order} AS at, id, seq ${fromWaiting(range)} ORDER BY at ${direction}, id ${direction} LIMIT +?`
}

export function selectAllWaiting(range: number | undefined): string {
  return `SELECT seq ${fromWaiting(range)}`
}

export function countWaiting(range: number | undefined): string {
  return `SELECT count(*) AS records ${fromWaiting(range)}`
}

export function waitingRecords(database: DatabaseSync): WaitingRecords {
  const statement = preparedOnce(database)

  return {
    count(query) {
      const row = statement(countWaiting(query.range?.slot)).get(...valuesOf(query))
      return Number(row?.['records'])
    },

    *inOrder(query, isUp, most) {
      const first = entries(query, isUp, Math.min(most, firstChunk))
      yield* first
      if (first.length < firstChunk || most <= firstChunk) return
      yield* entries(query, isUp, most).slice(firstChunk)
    },

    rows: (query) =>
      statement(selectAllWaiting(query.range?.slot))
        .all(...valuesOf(query))
        .map((row) => row['seq'] as number),
  }

  function entries(query: WaitingQuery, isUp: boolean, limit: number): readonly Entry[] {
    return (
      statement(selectWaiting(query.order, query.range?.slot, isUp))
        .all(...valuesOf(query), limit)
        // The columns are as typed: the table is STRICT.
        .map((row) => ({
          at: row['at'] as number,
          id: row['id'] as string,
          seq: row['seq'] as number,
        }))
    )
  }
}

function fromWaiting(range: number | undefined): string {
  const only = range === undefined ? '' : `AND time_${range} BETWEEN ? AND ?`
  return `FROM record_listings INDEXED BY record_listings_waiting
  WHERE waits_for IN (SELECT value FROM json_each(?)) ${only}`
}

function valuesOf({ lists, range }: WaitingQuery): (string | number)[] {
  const only = range === undefined ? [] : [range.from, range.to]
  return [JSON.stringify(lists), ...only]
}
