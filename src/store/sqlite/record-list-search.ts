import type { DatabaseSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import { compareBytes } from '../byte-order.ts'
import { type SoughtList, soughtLists } from '../record-list-key.ts'
import { type OwnListQuery, totalOf } from '../record-listing.ts'
import type { RecordPage } from '../records.ts'
import { ListRanks } from './list-ranks.ts'
import type { RecordListPage } from './record-list-page.ts'
import type { RecordLists, StoredList } from './record-lists.ts'
import { type Candidates, type Match, type MatchQuery, recordMatches } from './record-matches.ts'
import { sampled, wordsFor } from './record-parts.ts'
import { snapshots } from './snapshot.ts'

/** Records of lists whose text contains another. */
export interface RecordListSearch {
  begin(query: OwnListQuery): Search
  /** Looks at some of the records that may be meant, and counts those that are. Returns whether there is more to do. */
  step(search: Search): boolean
}

/** A search on its way. */
interface Search {
  readonly asked: OwnListQuery
  /** Records that the page ends with. */
  readonly wanted: number
  readonly isUp: boolean
  /** What is still to be looked at. */
  readonly looks: Look[]
  total: number
  /** Those found that come first. */
  best: readonly Match[]
  /** As many as are wanted do not come after this one. */
  bar: Match | undefined
  /** Whether the page is still to be looked for along its order: at once, once there are too many to count, or not at all. */
  walk: 'first' | 'beyond' | 'never'
  /** The rows that are on it, when they were found so. */
  page: readonly number[] | undefined
}

interface Look {
  readonly query: MatchQuery
  readonly among: Candidates
}

/** A list that is meant, and where it comes among others. */
interface Ranked extends SoughtList<StoredList> {
  readonly rank: number
}

/** Rows that are looked at in one go: everything else waits meanwhile. */
const stepRows = 12_000
/** As long as each that is found may be on the page. */
const stepRowsWithoutBar = 2_000
/** Rows that a bar is looked for among. */
const glanceRows = 1_000
/** Records of the order that a page is looked for among, so many more for each that is wanted, and never more: everything else waits meanwhile. */
const walkRecords = 2_500
const walkRecordsEach = 4
const mostWalkRecords = 8_000
/** Its multiples are spread evenly over what lies between two whole numbers. */
const goldenRatio = (Math.sqrt(5) - 1) / 2
/** So many texts of a sample have what is soon met along the order. */
const frequent = 4

const selectEnds = `
  SELECT (SELECT seq FROM record_parts_end) AS indexed,
    (SELECT min(seq) FROM record_listings) AS first, (SELECT max(seq) FROM record_listings) AS last`

export const selectSample = `
  SELECT (SELECT text FROM record_listings WHERE seq >= c.value ORDER BY seq LIMIT 1) AS text FROM json_each(?) AS c`

export function recordListSearch(
  database: DatabaseSync,
  lists: RecordLists,
  pages: Pick<RecordListPage, 'containing'>,
): RecordListSearch {
  const matches = recordMatches(database)
  const ends = database.prepare(selectEnds)
  const sample = database.prepare(selectSample)
  const together = snapshots(database)

  return {
    begin: (query) =>
      together(() => {
        const { offset, limit, order } = query
        const { looks, isFrequent } = looksOf(query)
        return {
          asked: query,
          wanted: offset + limit,
          isUp: order.direction === 'ascending',
          looks,
          total: 0,
          best: [],
          bar: undefined,
          walk: !Number.isFinite(query.countTo) ? 'never' : isFrequent ? 'first' : 'beyond',
          page: undefined,
        }
      }),

    step(search) {
      const { asked, total, walk } = search
      if (walk === 'first' || (walk === 'beyond' && total > asked.countTo && isLong(search))) {
        search.walk = 'never'
        search.page = pages.containing(
          asked,
          Math.min(mostWalkRecords, walkRecords + walkRecordsEach * search.wanted),
        )
        if (search.page === undefined) return true
      }
      // Without the page, everything is looked at, as if it were to be counted.
      const isEnough = search.page !== undefined && total > asked.countTo
      return !isEnough && look(search)
    },
  }

  function look(search: Search): boolean {
    return together(() => {
      const [next] = search.looks
      if (next === undefined) return false
      takeStep(search, next)
      return search.looks.length > 0
    })
  }

  function looksOf(query: OwnListQuery): {
    readonly looks: Look[]
    readonly isFrequent: boolean
  } {
    const stored = lists.of(query.collection)
    const ranked = rankedLists(query, stored)
    if (ranked.length === 0) return { looks: [], isFrequent: false }
    const isRanked = new Set(ranked.map(({ rank }) => rank)).size > 1
    // There is a list, and so a row that stands in it.
    const row = ends.get()
    const indexed = Number(row?.['indexed'])
    const last = Number(row?.['last'])
    const texts = sampleOf(Number(row?.['first']), last)
    const isBounded = Number.isFinite(query.countTo)
    const having = texts.filter((text) => text.includes(query.text)).length
    const listed = ranked.reduce((sum, { list }) => sum + list.records, 0)
    const isFrequent = having >= frequent && (listed * having) / sampled > query.countTo
    const looks = stored
      .filter(({ facets }) => facets === null)
      .flatMap((whole) => {
        const meant = ranked.filter(({ list }) => hasSameTimes(list, whole))
        const asked = matchQueryOf(query, meant, isRanked, whole)
        if (asked === undefined) return []
        const words = wordsFor(whole.number, query.text, texts, isBounded)
        const behind = { words: null, after: words === null ? 0 : indexed, to: last }
        const among = words === null ? [behind] : [{ words, after: 0, to: indexed }, behind]
        return among.map((each) => ({ query: asked, among: each }))
      })
    return { looks, isFrequent }
  }

  /** Texts from all over, at no even distances: what comes again and again may be at the same. */
  function sampleOf(first: number, last: number): readonly string[] {
    const places = Array.from(
      { length: sampled },
      (_, at) => first + Math.floor((last - first) * ((at * goldenRatio) % 1)),
    )
    return sample.all(JSON.stringify(places)).map((row) => String(row['text'] ?? ''))
  }

  /** Looks ahead for as many as are wanted, so that none need be kept that come after them. */
  function barOf({ wanted, best }: Search, { query, among }: Look): Match | undefined {
    if (wanted > glanceRows || best.length > 0) return undefined
    return matches.glance(query, among, glanceRows, wanted)[wanted - 1]
  }

  function takeStep(search: Search, next: Look): void {
    const { query, among } = next
    const { wanted, isUp, looks, page } = search
    if (page === undefined) search.bar ??= barOf(search, next)
    const bar = page === undefined ? search.bar : null
    const limit = bar === undefined ? stepRowsWithoutBar : stepRows
    const { found, contenders, rest } = matches.count(query, among, limit, bar)
    search.total += found
    if (contenders.length > 0) {
      search.best = [...search.best, ...contenders].sort(inOrder(isUp)).slice(0, wanted)
      search.bar = search.best[wanted - 1] ?? search.bar
    }
    looks.shift()
    if (rest !== undefined) looks.unshift({ query, among: rest })
  }
}

/** Whether there is more to look at than along the order. */
function isLong({ looks }: Search): boolean {
  return looks.some(({ among }) => among.words !== null || among.to - among.after > stepRows)
}

/** A page of what contains a text, with everything else getting its turn between two looks at many. */
export async function searchRecords(
  query: OwnListQuery,
  { recordListSearch: lists, recordListPage: pages }: SearchParts,
  read: <T>(read: () => T) => Promise<T>,
): Promise<RecordPage> {
  const search = await read(() => lists.begin(query))
  while (await read(() => lists.step(search))) await setImmediate()
  const { best, total, page = best.slice(query.offset).map(({ seq }) => seq) } = search
  return { records: await read(() => pages.records(page, query)), ...totalOf(total, query) }
}

interface SearchParts {
  readonly recordListSearch: RecordListSearch
  readonly recordListPage: Pick<RecordListPage, 'records'>
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

function inOrder(isUp: boolean): (a: Match, b: Match) => number {
  const sign = isUp ? 1 : -1
  return (a, b) => a.rank - b.rank || sign * (a.at - b.at || compareBytes(a.id, b.id))
}
