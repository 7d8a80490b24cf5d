import { compareBytes } from './byte-order.ts'
import type { OwnListing, OwnListQuery } from './record-listing.ts'

/**
 * What the records of one list have in common: the names of their times, in order, and their facets.
 *
 * Each record stands in two lists: of those with the same facets, and of all of its collection (`facets` is null).
 */
export interface ListKey {
  readonly facets: Readonly<Record<string, string>> | null
  readonly times: readonly string[]
}

/** A list that a query is about, and which of its times it is sorted by and ranged over. */
export interface SoughtList<List> {
  readonly list: List
  readonly order: number
  /** `null` without a range. */
  readonly range: number | null
}

/** The two lists of a record, as the texts they are known by. */
export function keysOfLists({ facets, times }: Pick<OwnListing, 'facets' | 'times'>): {
  readonly group: string
  readonly whole: string
} {
  const names = timeNames(times)
  return { group: textOf(sorted(facets), names), whole: textOf(null, names) }
}

/** Times in the order of their names. */
export function timesOf(times: OwnListing['times']): readonly number[] {
  return timeNames(times).map((name) => times[name] ?? 0)
}

/** Written by {@link keysOfLists}. */
export function listKeyOf(text: string): ListKey {
  const { facets, times } = JSON.parse(text) as {
    facets: [string, string][] | null
    times: string[]
  }
  return { facets: facets && Object.fromEntries(facets), times }
}

/**
 * The lists that a page comes from, in parts that follow each other: one for each value of the facet it is sorted by.
 *
 * Records without a time or a facet that the query names stand in no list of it.
 */
export function soughtLists<List extends ListKey>(
  { facets, range, order }: OwnListQuery,
  lists: readonly List[],
): readonly (readonly SoughtList<List>[])[] {
  const parts = new Map<string, SoughtList<List>[]>()
  const wanted = Object.entries(facets)
  for (const list of lists) {
    const isTime = list.times.includes(order.by)
    const takesWhole = wanted.length === 0 && isTime
    if (takesWhole !== (list.facets === null)) continue
    if (wanted.some(([name, value]) => facetOf(list, name) !== value)) continue
    const value = isTime ? '' : facetOf(list, order.by)
    const by = list.times.indexOf(isTime ? order.by : (order.thenBy ?? list.times[0] ?? ''))
    const over = range && list.times.indexOf(range.time)
    if (value === undefined || by === -1 || over === -1) continue
    const part = parts.get(value) ?? []
    part.push({ list, order: by, range: over })
    parts.set(value, part)
  }
  const ascending = [...parts].sort(([a], [b]) => compareBytes(a, b)).map(([, part]) => part)
  return order.direction === 'ascending' ? ascending : ascending.reverse()
}

function facetOf({ facets }: ListKey, name: string): string | undefined {
  return facets !== null && Object.hasOwn(facets, name) ? facets[name] : undefined
}

/** The names of times, in their order. */
export function timeNames(times: OwnListing['times']): readonly string[] {
  return Object.keys(times).sort()
}

function sorted(facets: OwnListing['facets']): readonly (readonly [string, string])[] {
  return Object.entries(facets).sort(([a], [b]) => (a < b ? -1 : 1))
}

function textOf(
  facets: readonly (readonly [string, string])[] | null,
  times: readonly string[],
): string {
  return JSON.stringify({ facets, times })
}
