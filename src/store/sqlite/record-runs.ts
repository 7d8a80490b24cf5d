import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { compareBytes } from '../byte-order.ts'

/** A record's place in a line, by time and id, and its other times. */
interface LinePlace {
  readonly at: number
  readonly id: string
  readonly others: readonly [number | null, number | null]
}

/** A place that was taken (1) or left (-1). */
export interface PlaceChange extends LinePlace {
  readonly by: 1 | -1
}

/** Counts of a long line's places, in runs: what lies between two times is counted without reading it. */
export interface RecordRuns {
  /** Counts a line that was not counted. */
  make(line: number): void
  /** Of a line that is counted: when the places themselves have changed. */
  change(line: number, changes: readonly PlaceChange[]): void
  /** Forgets what was counted of a line. */
  drop(line: number): void
  /** Places of a counted line between two times, both included. */
  between(line: number, from: number, to: number): number
}

/** Where a run begins. */
interface Start {
  readonly at: number
  readonly id: string
}

interface Run extends Start {
  readonly places: number
}

/** Places of a run at most; one that is longer is cut in two. */
const longestRun = 256
/** Of the last run, to which most is added, so much stays when it is cut. */
const fullRun = 224

const beginning: Start = { at: -Infinity, id: '' }

export const selectRunAt = `
  SELECT at, id, places FROM record_runs WHERE line = ? AND (at, id) <= (?, ?) ORDER BY at DESC, id DESC LIMIT 1`

export const selectRunAfter = `
  SELECT at, id, places FROM record_runs WHERE line = ? AND (at, id) > (?, ?) ORDER BY at, id LIMIT 1`

const updateRun = `
  UPDATE record_runs SET places = ?1,
    low_0 = coalesce(min(low_0, ?5), low_0, ?5), high_0 = coalesce(max(high_0, ?6), high_0, ?6),
    low_1 = coalesce(min(low_1, ?7), low_1, ?7), high_1 = coalesce(max(high_1, ?8), high_1, ?8)
  WHERE line = ?2 AND at = ?3 AND id = ?4`

/** Counts a run's places anew, as they are. */
const measureRun = `
  INSERT OR REPLACE INTO record_runs (line, at, id, places, low_0, high_0, low_1, high_1)
  SELECT ?1, ?2, ?3, count(*), min(other_0), max(other_0), min(other_1), max(other_1)
  FROM (SELECT other_0, other_1 FROM record_places WHERE line = ?1 AND (at, id) >= (?2, ?3) ORDER BY at, id LIMIT +?4)`

export const countFromPlace = `
  SELECT count(*) AS places FROM record_places WHERE line = ? AND (at, id) >= (?, ?) AND at < ?`

export const sumRuns = `
  SELECT sum(places) AS places FROM record_runs WHERE line = ? AND (at, id) < (?, ?)`

export function recordRuns(database: DatabaseSync): RecordRuns {
  const runAt = database.prepare(selectRunAt)
  const runAfter = database.prepare(selectRunAfter)
  const update = database.prepare(updateRun)
  const measure = database.prepare(measureRun)
  const remove = database.prepare('DELETE FROM record_runs WHERE line = ? AND at = ? AND id = ?')
  const removeAll = database.prepare('DELETE FROM record_runs WHERE line = ?')
  const nth = database.prepare(
    'SELECT at, id FROM record_places WHERE line = ? AND (at, id) >= (?, ?) ORDER BY at, id LIMIT 1 OFFSET ?',
  )
  const all = database.prepare('SELECT count(*) AS places FROM record_places WHERE line = ?')
  const fromPlace = database.prepare(countFromPlace)
  const sum = database.prepare(sumRuns)

  return {
    make(line) {
      const places = Number(all.get(line)?.['places'])
      measure.run(line, beginning.at, beginning.id, places)
      cut(line, { ...beginning, places })
    },

    change(line, changes) {
      const waiting = changes.toSorted(comparePlaces)
      for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
        const run = find(line, first)
        const next = waiting.length === 1 ? undefined : after(line, run)
        const end = next === undefined ? -1 : waiting.findIndex((each) => !isBefore(each, next))
        changeRun(line, run, waiting.splice(0, end === -1 ? waiting.length : end))
      }
    },

    drop: (line) => removeAll.run(line),

    // Infinity itself is no time: what is before it is all there is.
    between: (line, from, to) =>
      before(line, to === Infinity ? to : nextUp(to)) - before(line, from),
  }

  /** Places before a time. */
  function before(line: number, at: number): number {
    if (at === -Infinity) return 0
    const run = find(line, { at, id: '' })
    const earlier = Number(sum.get(line, run.at, run.id)?.['places'] ?? 0)
    return earlier + Number(fromPlace.get(line, run.at, run.id, at)?.['places'])
  }

  function changeRun(line: number, run: Run, changes: readonly PlaceChange[]): void {
    const places = changes.reduce((sum, { by }) => sum + by, run.places)
    if (places === 0 && run.at !== beginning.at) {
      remove.run(line, run.at, run.id)
      return
    }
    const taken = changes.filter(({ by }) => by === 1)
    const [low0, high0] = boundsOf(taken.map(({ others }) => others[0]))
    const [low1, high1] = boundsOf(taken.map(({ others }) => others[1]))
    update.run(places, line, run.at, run.id, low0, high0, low1, high1)
    if (places > longestRun) cut(line, { ...run, places })
  }

  /** Cuts a run that is too long into such as are not. */
  function cut(line: number, run: Run): void {
    const isLast = after(line, run) === undefined
    let rest = run
    while (rest.places > longestRun) {
      const kept = isLast ? fullRun : Math.min(fullRun, Math.ceil(rest.places / 2))
      const next = nth.get(line, rest.at, rest.id, kept)
      if (next === undefined) return
      measure.run(line, rest.at, rest.id, kept)
      rest = { ...startOf(next), places: rest.places - kept }
      measure.run(line, rest.at, rest.id, rest.places)
    }
  }

  /** The run that a place belongs to: the first begins before all times. */
  function find(line: number, { at, id }: Start): Run {
    const row = runAt.get(line, at, id)
    return row === undefined ? { ...beginning, places: 0 } : runOf(row)
  }

  function after(line: number, { at, id }: Start): Run | undefined {
    const row = runAfter.get(line, at, id)
    return row && runOf(row)
  }
}

function isBefore(a: Start, b: Start): boolean {
  return comparePlaces(a, b) < 0
}

function comparePlaces(a: Start, b: Start): number {
  return a.at - b.at || compareBytes(a.id, b.id)
}

/** The least and the greatest; nulls of nothing. */
function boundsOf(values: readonly (number | null)[]): readonly [number | null, number | null] {
  const numbers = values.filter((value) => value !== null)
  return numbers.length === 0 ? [null, null] : [Math.min(...numbers), Math.max(...numbers)]
}

/** The least number greater than this one. */
function nextUp(value: number): number {
  if (value === 0) return Number.MIN_VALUE
  const bits = new BigInt64Array(new Float64Array([value]).buffer)
  bits[0] = (bits[0] ?? 0n) + (value > 0 ? 1n : -1n)
  return new Float64Array(bits.buffer)[0] ?? value
}

// The casts below are proven by the schema: the table is STRICT.

function startOf(row: Record<string, SQLOutputValue>): Start {
  return { at: row['at'] as number, id: row['id'] as string }
}

function runOf(row: Record<string, SQLOutputValue>): Run {
  return { ...startOf(row), places: row['places'] as number }
}
