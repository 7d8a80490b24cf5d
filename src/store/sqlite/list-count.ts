import type { DatabaseSync } from 'node:sqlite'
import type { OwnListQuery } from '../record-listing.ts'
import { lineOf } from './record-line.ts'
import { type CountedPart, type Lined, sizeOf, sumOf } from './record-list-part.ts'
import type { TextWalk } from './text-walk.ts'
import type { WaitingRecords } from './waiting-records.ts'

/**
 * Counts what contains a text in the lists that are meant, until there is more than is to be told.
 *
 * @param expected - records that probably tell
 * @param isUp - whether the earliest are looked at first
 * @returns `undefined` when twice as many do not
 */
export type ListCount = (
  parts: readonly CountedPart[],
  query: OwnListQuery,
  expected: number,
  isUp: boolean,
) => number | undefined

/** Times of lines, both included; of those counted before, one. */
interface Span {
  readonly from: number
  readonly to: number
  readonly without: number | null
}

/** Records are looked at in the order of the table, where each is near the one before. */
export const countSpan = `
  SELECT count(*) AS looked, count(*) FILTER (WHERE instr(l.text, ?) > 0) AS found
  FROM (
    SELECT p.seq FROM json_each(?) AS j CROSS JOIN record_places AS p ON p.line = j.value AND p.at >= ? AND p.at <= ? AND p.at IS NOT ?
    ORDER BY p.seq LIMIT +?
  ) AS c CROSS JOIN record_listings AS l ON l.seq = c.seq`

export function selectNthTime(isUp: boolean): string {
  return `
  SELECT at FROM record_places WHERE line = ? AND at >= ? AND at <= ? ORDER BY at ${isUp ? 'ASC' : 'DESC'} LIMIT 1 OFFSET +?`
}

export function listCount(
  database: DatabaseSync,
  waiting: Pick<WaitingRecords, 'rows'>,
  texts: Pick<TextWalk, 'count'>,
): ListCount {
  const inSpan = database.prepare(countSpan)
  const earliest = database.prepare(selectNthTime(true))
  const latest = database.prepare(selectNthTime(false))

  return (parts, query, expected, isUp) => {
    const meant = sizeOf(parts)
    const waits = parts.flatMap(({ part }) => part.waiting.flatMap(waiting.rows))
    const lined = parts.flatMap(({ part }) => part.lined)
    const lines = JSON.stringify(lined.map(lineOfSought))
    let found = texts.count(query.text, waits)
    let looked = waits.length
    for (const span of spans(lined, query, meant <= expected ? Infinity : expected, isUp)) {
      const most = Math.max(0, 2 * expected - looked)
      const row = inSpan.get(query.text, lines, span.from, span.to, span.without, most)
      looked += Number(row?.['looked'])
      found += Number(row?.['found'])
      if (found > query.countTo || looked === meant) return found
    }
    return undefined
  }

  /** One with as many records as expected, as far as the longest list tells for all, then such with a quarter of that. */
  function* spans(
    lined: Lined,
    { range }: OwnListQuery,
    expected: number,
    isUp: boolean,
  ): Iterable<Span> {
    const { from, to } = range ?? { from: -Infinity, to: Infinity }
    const [longest] = lined.toSorted((a, b) => b.list.records - a.list.records)
    const share = expected / sumOf(lined.map(({ list }) => list.records))
    let without: number | null = null
    for (let part = share; longest !== undefined && part <= 2 * share; part += share / 4) {
      const place = Math.ceil(longest.list.records * part)
      const row = Number.isFinite(place)
        ? (isUp ? earliest : latest).get(lineOfSought(longest), from, to, place)
        : undefined
      // The column is as typed: the table is STRICT.
      const end = (row?.['at'] as number | undefined) ?? (isUp ? to : from)
      yield isUp
        ? { from: without ?? from, to: end, without }
        : { from: end, to: without ?? to, without }
      if (row === undefined) return
      without = end
    }
  }
}

/** The line that is in the order of the range, or of the page. */
function lineOfSought({ list, order, range }: Lined[number]): number {
  return lineOf(list.number, range ?? order)
}
