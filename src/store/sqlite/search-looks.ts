import { type SoughtList, soughtLists } from '../record-list-key.ts'
import type { OwnListQuery } from '../record-listing.ts'
import { ListRanks } from './list-ranks.ts'
import type { StoredList } from './record-lists.ts'
import type { Candidates, MatchQuery } from './record-matches.ts'
import type { Words } from './record-parts.ts'
import type { Zone } from './zone-search.ts'

/** Rows that are to be looked at. */
export interface Look {
  readonly query: MatchQuery
  readonly among: Candidates
  /** None of them comes before this time, in the order that is wanted. */
  readonly first: number
}

/** A list that is meant, and where it comes among others. */
interface Ranked extends SoughtList<StoredList> {
  readonly rank: number
}

/** What is searched for in one whole list. */
export interface WholeQuery {
  readonly whole: number
  readonly query: MatchQuery
}

/** What is searched for in each whole list. */
export function wholeQueries(
  query: OwnListQuery,
  stored: readonly StoredList[],
): readonly WholeQuery[] {
  const ranked = rankedLists(query, stored)
  const isRanked = new Set(ranked.map(({ rank }) => rank)).size > 1
  return stored
    .filter(({ facets }) => facets === null)
    .flatMap((whole) => {
      const meant = ranked.filter(({ list }) => hasSameTimes(list, whole))
      const asked = matchQueryOf(query, meant, isRanked, whole)
      return asked === undefined ? [] : [{ whole: whole.number, query: asked }]
    })
}

/** Looks at each zone in which the text may be, and at what is behind the full-text index. */
export function looksAtZones(
  query: MatchQuery,
  words: Words | null,
  zones: readonly Zone[],
  indexed: number,
): readonly Look[] {
  return zones
    .filter(({ after }) => after < indexed)
    .map(({ after, to, low, high }) => ({
      query,
      among: { words, after, to: Math.min(to, indexed) },
      first: query.isUp ? low : high,
    }))
}

/** A look that may find what comes before all others. */
export function lookAt(query: MatchQuery, among: Candidates): Look {
  return { query, among, first: query.isUp ? -Infinity : Infinity }
}

/** Looks in the order of what they may find. */
export function inOrderOfTime(looks: readonly Look[], isUp: boolean): Look[] {
  return looks.toSorted((a, b) => (isUp ? compare(a.first, b.first) : compare(b.first, a.first)))
}

/** The same, where nothing that is found is wanted: as few looks as can be. */
export function together(looks: readonly Look[]): Look[] {
  const merged: Look[] = []
  for (const look of looks.toSorted((a, b) => a.among.after - b.among.after)) {
    const at = merged.findLastIndex((each) => isOneWith(each, look))
    const before = merged[at]
    if (before === undefined) merged.push(look)
    else merged[at] = { ...before, among: { ...before.among, to: look.among.to } }
  }
  return merged
}

/** Under words, what lies between is not there to be found. */
function isOneWith({ query, among }: Look, next: Look): boolean {
  if (query !== next.query || among.words !== next.among.words) return false
  return among.words !== null || among.to === next.among.after
}

/** Infinities, too. */
function compare(a: number, b: number): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** The lists that are meant: texts stand by those with facets, which make up a whole one. */
function rankedLists(query: OwnListQuery, stored: readonly StoredList[]): readonly Ranked[] {
  return soughtLists(query, stored).flatMap((part, rank) =>
    part.flatMap((sought): readonly Ranked[] => {
      if (sought.list.facets !== null) return [{ ...sought, rank }]
      const groups = stored.filter((list) => list.facets !== null)
      return groups
        .filter((list) => hasSameTimes(list, sought.list))
        .map((list) => ({ ...sought, list, rank }))
    }),
  )
}

function hasSameTimes(a: StoredList, b: StoredList): boolean {
  return a.times.length === b.times.length && a.times.every((time, slot) => time === b.times[slot])
}

/** @param meant - lists with the same times */
function matchQueryOf(
  { text, range, order }: OwnListQuery,
  meant: readonly Ranked[],
  isRanked: boolean,
  whole: StoredList,
): MatchQuery | undefined {
  const [first] = meant
  if (first === undefined) return undefined
  return {
    text,
    ranks: new ListRanks(new Map(meant.map(({ list, rank }) => [list.number, rank]))),
    isRanked,
    order: first.order,
    isUp: order.direction === 'ascending',
    isOfAll:
      range === null && meant.reduce((sum, { list }) => sum + list.records, 0) === whole.records,
    range: range === null || first.range === null ? null : { ...range, slot: first.range },
  }
}
