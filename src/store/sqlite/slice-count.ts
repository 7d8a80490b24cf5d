import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import type { Place } from '../paging.ts'

/** How many rows were counted, and where the next slice goes on; `undefined` after the last. */
export interface Slice {
  readonly rows: number
  readonly end: Place | undefined
}

/** Counts at most a slice of rows after a place; from the beginning without one. */
export type SliceCount = (keys: readonly SQLInputValue[], after: Place | undefined) => Slice

const sliceRows = 5_000
const beginning: Place = { at: Number.NEGATIVE_INFINITY, seq: 0 }

/** Rows after a place, in the order of their time. */
export interface Countable {
  /** Rows of the same instant; asked for apart, because one comparison for both would read all of an instant's rows each time. */
  readonly sameInstant: string
  readonly later: string
  readonly order: string
}

/** @param rows - `FROM … WHERE …`, in an index that goes on with `time` */
export function countable(rows: string, time: string): Countable {
  return {
    sameInstant: `${rows} AND ${time} = ? AND seq > ?`,
    later: `${rows} AND ${time} > ?`,
    order: `ORDER BY ${time}, seq`,
  }
}

/** Counts a slice at a time: a million rows take too long to be counted in one go. */
export function sliceCount(database: DatabaseSync, rows: string, time: string): SliceCount {
  const { sameInstant, later, order } = countable(rows, time)
  const same = count(database, sameInstant, time, order)
  const rest = count(database, later, time, order)

  return (keys, after = beginning) => {
    const first = same(...keys, after.at, after.seq)
    if (first.end !== undefined) return first
    const then = rest(...keys, after.at)
    return { rows: first.rows + then.rows, end: then.end }
  }
}

/** Counts slice after slice; everything else gets its turn between two. */
export async function countAll(
  next: (after: Place | undefined) => Promise<Slice>,
): Promise<number> {
  let counted = 0
  for (let after: Place | undefined; ; await setImmediate()) {
    const { rows, end } = await next(after)
    counted += rows
    if (end === undefined) return counted
    after = end
  }
}

/** Rows that meet a condition, at most a slice of them. */
function count(
  database: DatabaseSync,
  from: string,
  time: string,
  order: string,
): (...values: SQLInputValue[]) => Slice {
  const nth = database.prepare(
    `SELECT ${time} AS at, seq ${from} ${order} LIMIT 1 OFFSET ${sliceRows - 1}`,
  )
  const all = database.prepare(`SELECT count(*) AS rows ${from}`)
  return (...values) => {
    const end = nth.get(...values)
    if (end === undefined) return { rows: Number(all.get(...values)?.['rows']), end: undefined }
    return { rows: sliceRows, end: { at: Number(end['at']), seq: Number(end['seq']) } }
  }
}
