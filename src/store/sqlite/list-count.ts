import type { DatabaseSync } from 'node:sqlite'
import type { OwnListQuery } from '../record-listing.ts'
import { lineOf } from './record-line.ts'
import { type CountedPart, type Lined, sizeOf, sumOf } from './record-list-part.ts'
import type { TextWalk } from './text-walk.ts'
import type { WaitingRecords } from './waiting-records.ts'

/**
 * Counts what contains a text in the lists that are meant, from where the order begins, until there is more than is to be told.
 *
 * @param expected - records that probably tell
 * @returns `undefined` when twice as many do not
 */
export type ListCount = (
  parts: readonly CountedPart[],
  query: OwnListQuery,
  expected: number,
) => number | undefined

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

  return (parts, query, expected) => {
    const meant = sizeOf(parts)
    const waits = parts.flatMap(({ part }) => part.waiting.flatMap(waiting.rows))
    const lined = parts.flatMap(({ part }) => part.lined)
    let found = texts.count(query.text, waits)
    let looked = waits.length
    let before: number | null = null
    for (const end of ends(lined, query, meant <= expected ? Infinity : expected)) {
      const counted = countTo(lined, query, { end, before, most: 2 * expected - looked })
      looked += counted.looked
      found += counted.found
      if (found > query.countTo || looked === meant) return found
      before = end
    }
    return undefined
  }

  /** Times up to which there are as many records as expected, probably, and a quarter of that more, again and again. */
  function* ends(lined: Lined, query: OwnListQuery, expected: number): Iterable<number> {
    const { range, order } = query
    const isUp = order.direction === 'ascending'
    const { from, to } = range ?? { from: -Infinity, to: Infinity }
    const [longest] = lined.toSorted((a, b) => b.list.records - a.list.records)
    const listed = sumOf(lined.map(({ list }) => list.records))
    const share = expected / listed
    for (let part = share; longest !== undefined && part <= 2 * share; part += share / 4) {
      const place = Math.ceil(longest.list.records * part)
      const row = Number.isFinite(place)
        ? (isUp ? earliest : latest).get(lineOfSought(longest), from, to, place)
        : undefined
      // The column is as typed: the table is STRICT.
      yield (row?.['at'] as number | undefined) ?? (isUp ? to : from)
      if (row === undefined) return
    }
  }

  function countTo(
    lined: Lined,
    { text, range, order }: OwnListQuery,
    {
      end,
      before,
      most,
    }: { readonly end: number; readonly before: number | null; readonly most: number },
  ): { readonly looked: number; readonly found: number } {
    const { from, to } = range ?? { from: -Infinity, to: Infinity }
    const span = order.direction === 'ascending' ? [before ?? from, end] : [end, before ?? to]
    const lines = JSON.stringify(lined.map(lineOfSought))
    const row = inSpan.get(text, lines, ...span, before, Math.max(0, most))
    return { looked: Number(row?.['looked']), found: Number(row?.['found']) }
  }
}

/** The line that is in the order of the range, or of the page. */
function lineOfSought({ list, order, range }: Lined[number]): number {
  return lineOf(list.number, range ?? order)
}
