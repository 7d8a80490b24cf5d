import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { compareBytes } from '../byte-order.ts'
import { merged } from './merged.ts'
import { preparedOnce } from './prepared.ts'

/** A record in a line. */
export interface Entry {
  readonly at: number
  readonly id: string
  readonly seq: number
}

/** What of a line is wanted, and which way. */
export interface Stretch {
  readonly line: number
  readonly isCounted: boolean
  readonly isUp: boolean
  /** Times of the line, inclusive. */
  readonly from: number
  readonly to: number
  /** Only entries with another time between these, inclusive. @defaultValue all */
  readonly beside?: { readonly other: 0 | 1; readonly from: number; readonly to: number }
  /** Where to begin. @defaultValue at the first, or the last */
  readonly start?: Place
}

/** Up, it is included; down, it is not. */
interface Place {
  readonly at: number
  /** Bytes come after every text. */
  readonly id: string | Uint8Array
}

/** Ways along lines of lists. */
export interface LineWalks {
  /** The entries of each stretch. @param wanted - how many of all will be looked at, probably */
  along(stretches: readonly Stretch[], wanted: number): readonly Iterator<Entry>[]
  /** Entries that are in order, in one order. */
  together(entries: readonly Iterator<Entry>[], isUp: boolean): Iterable<Entry>
  /** Passes over whole runs of a counted line, as long as the offset is not reached. */
  skip(stretch: Stretch, offset: number): { readonly rest: Stretch; readonly skipped: number }
}

const afterAllIds = new Uint8Array()
const largestChunk = 512
/** Runs that are read together. */
const runChunk = 64

export function selectStretch(isUp: boolean, beside: 0 | 1 | undefined): string {
  const [begins, ends, order] = isUp ? ['>=', '<=', 'ASC'] : ['<', '>=', 'DESC']
  const only = beside === undefined ? '' : `AND other_${beside} BETWEEN ? AND ?`
  return `
  SELECT at, id, seq FROM record_places WHERE line = ? AND (at, id) ${begins} (?, ?) AND at ${ends} ? ${only}
  ORDER BY at ${order}, id ${order} LIMIT +?`
}

/** Runs in which another time may be between two. */
export function selectRuns(isUp: boolean, beside: 0 | 1 | undefined): string {
  const [begins, order] = isUp ? ['>=', 'ASC'] : ['<', 'DESC']
  const only = beside === undefined ? '' : `AND high_${beside} >= ? AND low_${beside} <= ?`
  return `
  SELECT at, id, places FROM record_runs WHERE line = ? AND (at, id) ${begins} (?, ?) ${only}
  ORDER BY at ${order}, id ${order} LIMIT +?`
}

/** Entries of one run whose other time is between two. */
export function selectOfRun(isUp: boolean, beside: 0 | 1): string {
  const order = isUp ? 'ASC' : 'DESC'
  return `
  SELECT at, id, seq FROM (
    SELECT at, id, seq, other_${beside} AS other FROM record_places WHERE line = ? AND (at, id) >= (?, ?) ORDER BY at, id LIMIT +?
  ) WHERE other BETWEEN ? AND ? ORDER BY at ${order}, id ${order} LIMIT +? OFFSET +?`
}

export function lineWalks(database: DatabaseSync): LineWalks {
  const statement = preparedOnce(database)

  return {
    along(stretches, wanted) {
      const chunk = Math.min(largestChunk, Math.max(4, Math.ceil((wanted * 2) / stretches.length)))
      return stretches.map((stretch) => entriesOf(stretch, chunk))
    },

    together: (entries, isUp) =>
      merged(entries, isUp ? compareEntries : (a, b) => compareEntries(b, a)),

    skip(stretch, offset) {
      let skipped = 0
      for (const run of runsOf(stretch)) {
        if (skipped + run.places > offset) {
          return { rest: stretch.isUp ? { ...stretch, start: run } : stretch, skipped }
        }
        skipped += run.places
        if (!stretch.isUp) stretch = { ...stretch, start: run }
      }
      // There is nothing left; the walk finds out.
      return { rest: stretch, skipped: 0 }
    },
  }

  function entriesOf(stretch: Stretch, chunk: number): Iterator<Entry> {
    const { isCounted, beside } = stretch
    return isCounted && beside !== undefined
      ? passingOver({ ...stretch, beside }, chunk)
      : inChunks(stretch, chunk)
  }

  function* inChunks(stretch: Stretch, first: number): Iterator<Entry> {
    const { line, isUp, from, to, beside } = stretch
    const select = statement(selectStretch(isUp, beside?.other))
    const only = beside === undefined ? [] : [beside.from, beside.to]
    let place = startOf(stretch)
    for (let chunk = first; ; chunk = Math.min(largestChunk, chunk * 2)) {
      const rows = select.all(line, place.at, place.id, isUp ? to : from, ...only, chunk)
      for (const row of rows) yield entryOf(row)
      const last = rows.at(-1)
      if (last === undefined || rows.length < chunk) return
      place = beyond(entryOf(last), isUp)
    }
  }

  /** Leaves out runs in which nothing can be. */
  function* passingOver(
    stretch: Stretch & Required<Pick<Stretch, 'beside'>>,
    first: number,
  ): Iterator<Entry> {
    const { line, isUp, beside } = stretch
    const select = statement(selectOfRun(isUp, beside.other))
    let chunk = first
    for (const { at, id, places } of runsOf(stretch)) {
      for (let read = 0; read < places; chunk = largestChunk) {
        const rows = select.all(line, at, id, places, beside.from, beside.to, chunk, read)
        for (const row of rows) yield entryOf(row)
        if (rows.length < chunk) break
        read += chunk
      }
    }
  }

  function* runsOf({ line, isUp, beside }: Stretch): Iterable<Run> {
    const select = statement(selectRuns(isUp, beside?.other))
    const only = beside === undefined ? [] : [beside.from, beside.to]
    let place: Place = isUp ? { at: -Infinity, id: '' } : { at: Infinity, id: afterAllIds }
    for (;;) {
      const rows = select.all(line, place.at, place.id, ...only, runChunk)
      for (const row of rows) yield runOf(row)
      const last = rows.at(-1)
      if (last === undefined || rows.length < runChunk) return
      place = beyond(runOf(last), isUp)
    }
  }
}

interface Run {
  readonly at: number
  readonly id: string
  readonly places: number
}

function startOf({ start, isUp, from, to }: Stretch): Place {
  if (start !== undefined) return start
  return isUp ? { at: from, id: '' } : { at: to, id: afterAllIds }
}

/** Where to go on after a place. No text lies between an id and the same with a U+0000. */
function beyond({ at, id }: Pick<Entry, 'at' | 'id'>, isUp: boolean): Place {
  return { at, id: isUp ? `${id}\0` : id }
}

export function compareEntries(a: Entry, b: Entry): number {
  return a.at - b.at || compareBytes(a.id, b.id)
}

// The casts below are proven by the schema: the tables are STRICT.

function entryOf(row: Record<string, SQLOutputValue>): Entry {
  return { at: row['at'] as number, id: row['id'] as string, seq: row['seq'] as number }
}

function runOf(row: Record<string, SQLOutputValue>): Run {
  return { at: row['at'] as number, id: row['id'] as string, places: row['places'] as number }
}
