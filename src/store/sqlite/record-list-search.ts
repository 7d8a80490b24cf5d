import type { DatabaseSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import { compareBytes } from '../byte-order.ts'
import { type OwnListQuery, totalOf } from '../record-listing.ts'
import type { RecordPage } from '../records.ts'
import type { RecordListPage } from './record-list-page.ts'
import type { RecordLists, StoredList } from './record-lists.ts'
import { type Match, recordMatches } from './record-matches.ts'
import { sampled, type Words, wordsFor } from './record-parts.ts'
import {
  together as fewest,
  inOrderOfTime,
  type Look,
  lookAt,
  looksAtZones,
  type WholeQuery,
  wholeQueries,
} from './search-looks.ts'
import { frequent, type SearchPlan, searchPlan } from './search-plan.ts'
import { snapshots } from './snapshot.ts'
import { zoneSearch } from './zone-search.ts'

/** Records of lists whose text contains another. */
export interface RecordListSearch {
  begin(query: OwnListQuery): Search
  /** Looks at some of the records that may be meant, and counts those that are. Returns whether there is more to do. */
  step(search: Search): boolean
}

/** A search on its way. */
interface Search {
  readonly asked: OwnListQuery
  readonly isUp: boolean
  /** Records that the page ends with. */
  readonly wanted: number
  readonly wholes: readonly SearchedWhole[]
  plan: SearchPlan
  /** What is still to be looked at; `undefined`: nothing was yet. */
  looks: Look[] | undefined
  total: number
  /** Those found that come first. */
  best: readonly Match[]
  /** As many as are wanted do not come after this one. */
  bar: Match | undefined
  /** The rows that are on the page, once that is sure. */
  page: readonly number[] | undefined
}

interface SearchedWhole extends WholeQuery {
  readonly words: Words | null
  /** Whether each zone is looked at apart. */
  readonly isZoned: boolean
}

/** Rows that are looked at in one go: everything else waits meanwhile. */
const stepRows = 12_000
/** As long as each that is found may be on the page. */
const stepRowsWithoutBar = 2_000
/** What a look costs itself, in rows. */
const lookRows = 250
/** Rows that a bar is looked for among. */
const glanceRows = 1_000
/** Its multiples are spread evenly over what lies between two whole numbers. */
const goldenRatio = (Math.sqrt(5) - 1) / 2

const selectEnds = `
  SELECT (SELECT seq FROM record_parts_end) AS indexed,
    (SELECT min(seq) FROM record_listings) AS first, (SELECT max(seq) FROM record_listings) AS last`

export const selectSample = `
  SELECT (SELECT text FROM record_listings WHERE seq >= c.value ORDER BY seq LIMIT 1) AS text FROM json_each(?) AS c`

export function recordListSearch(
  database: DatabaseSync,
  lists: RecordLists,
  pages: Pick<RecordListPage, 'containing' | 'size'>,
): RecordListSearch {
  const matches = recordMatches(database)
  const zonesOf = zoneSearch(database)
  const ends = database.prepare(selectEnds)
  const sample = database.prepare(selectSample)
  const together = snapshots(database)

  return {
    begin: (query) =>
      together(() => {
        const { offset, limit, order, countTo } = query
        const isUp = order.direction === 'ascending'
        const stored = lists.of(query.collection)
        const texts = sampleOf(isUp)
        const having = texts.filter((text) => text.includes(query.text)).length
        const wholes = wholeQueries(query, stored).map((each) => {
          const words = wordsFor(each.whole, query.text, texts, Number.isFinite(countTo))
          return { ...each, words, isZoned: words === null || isZoned(words, having) }
        })
        return {
          asked: query,
          isUp,
          wanted: offset + limit,
          wholes,
          plan: planOf(query, wholes, texts, stored),
          looks: wholes.length === 0 ? [] : undefined,
          total: 0,
          best: [],
          bar: undefined,
          page: undefined,
        }
      }),

    step(search) {
      if (isToBeWalked(search)) walk(search)
      else together(() => look(search))
      return !isDone(search)
    },
  }

  function planOf(
    query: OwnListQuery,
    wholes: readonly SearchedWhole[],
    texts: readonly string[],
    stored: readonly StoredList[],
  ): SearchPlan {
    const groups = stored.filter(({ facets }) => facets !== null)
    const meant = groups.filter(({ number }) =>
      wholes.some((each) => each.query.ranks.of(number) !== undefined),
    )
    return searchPlan(query, {
      sample: texts,
      hasWords: wholes.some(({ words }) => words !== null),
      lists: meant.length,
      meant: query.range === null ? recordsIn(meant) : pages.size(query),
      all: recordsIn(groups),
    })
  }

  /** Texts from all over, at no even distances: what comes again and again may be at the same. */
  function sampleOf(isUp: boolean): readonly string[] {
    const row = ends.get()
    const [first, last] = [Number(row?.['first']), Number(row?.['last'])]
    const places = Array.from(
      { length: sampled },
      (_, at) => first + Math.floor((last - first) * ((at * goldenRatio) % 1)),
    ).sort((a, b) => (isUp ? a - b : b - a))
    return sample.all(JSON.stringify(places)).map((row) => String(row['text'] ?? ''))
  }

  /** Looks for the page along its order. */
  function walk(search: Search): void {
    const { page, total } = pages.containing(search.asked, search.plan)
    search.plan = { ...search.plan, walk: 'never' }
    if (page === undefined) return
    search.page = page
    if (total !== undefined) {
      search.total = total
      search.looks = []
    } else if (search.looks !== undefined) search.looks = fewest(search.looks)
  }

  function look(search: Search): void {
    search.looks ??= looksOf(search)
    settlePage(search)
    for (let left = stepRows; left > 0 && !isDone(search); left -= lookRows) {
      left -= takeLook(search, left)
    }
  }

  /** @returns how many rows it has looked at */
  function takeLook(search: Search, mostRows: number): number {
    const [next, ...others] = search.looks ?? []
    if (next === undefined) return 0
    const { query, among } = next
    if (search.page === undefined) search.bar ??= barOf(search, next)
    const bar = search.page === undefined ? search.bar : null
    const limit = Math.min(mostRows, bar === undefined ? stepRowsWithoutBar : stepRows)
    const { looked, found, contenders, rest } = matches.count(query, among, limit, bar)
    search.total += found
    search.looks = rest === undefined ? others : [{ ...next, among: rest }, ...others]
    if (contenders.length > 0) {
      search.best = firstOf([...search.best, ...contenders], search)
      search.bar = search.best[search.wanted - 1] ?? search.bar
    }
    settlePage(search)
    return looked
  }

  /** Looks ahead for as many as are wanted, so that none need be kept that come after them. */
  function barOf(search: Search, { query, among }: Look): Match | undefined {
    const { wanted, best } = search
    if (wanted > glanceRows) return undefined
    const seen = matches.glance(query, among, glanceRows, wanted)
    return firstOf([...best, ...seen], search)[wanted - 1]
  }

  function looksOf({ wholes, isUp, page }: Search): Look[] {
    const row = ends.get()
    const [indexed, last] = [Number(row?.['indexed']), Number(row?.['last'])]
    const looks = wholes.flatMap(({ whole, query, words, isZoned }) => {
      const behind = lookAt(query, { words: null, after: indexed, to: last })
      if (!isZoned) return [behind, lookAt(query, { words, after: 0, to: indexed })]
      return [behind, ...looksAtZones(query, words, zonesOf({ ...query, whole }), indexed)]
    })
    return page === undefined ? inOrderOfTime(looks, isUp) : fewest(looks)
  }
}

/** Few are found quicker at once. */
function isZoned({ isCollected }: Words, having: number): boolean {
  return having >= frequent && !isCollected
}

/** Whether the page is to be looked for along its order now. */
function isToBeWalked({ plan, total, asked, looks, page }: Search): boolean {
  if (plan.walk === 'first') return true
  return plan.walk === 'beyond' && page === undefined && total > asked.countTo && isLong(looks)
}

/** Whether there is more to look at than along the order. */
function isLong(looks: readonly Look[] = []): boolean {
  const rows = looks.reduce((sum, { among }) => sum + among.to - among.after, 0)
  return rows > stepRows || looks.some(({ among }) => among.words !== null)
}

function isDone({ looks, page, total, asked }: Search): boolean {
  return (
    looks !== undefined && (looks.length === 0 || (page !== undefined && total > asked.countTo))
  )
}

/** The page is sure when nothing that is left comes before its end. */
function settlePage(search: Search): void {
  const { page, best, wanted, looks = [], asked, isUp } = search
  const end = best[wanted - 1]
  const [next] = looks
  const isLeft =
    next !== undefined && (end === undefined || end.rank > 0 || !isBeyond(next.first, end.at, isUp))
  if (page !== undefined || isLeft) return
  search.page = best.slice(asked.offset).map(({ seq }) => seq)
  search.looks = fewest(looks)
}

function isBeyond(first: number, end: number, isUp: boolean): boolean {
  return isUp ? first > end : first < end
}

function firstOf(matches: readonly Match[], { isUp, wanted }: Search): readonly Match[] {
  const sign = isUp ? 1 : -1
  return matches
    .toSorted((a, b) => a.rank - b.rank || sign * (a.at - b.at || compareBytes(a.id, b.id)))
    .slice(0, wanted)
}

/** A page of what contains a text, with everything else getting its turn between two looks at many. */
export async function searchRecords(
  query: OwnListQuery,
  { recordListSearch: lists, recordListPage: pages }: SearchParts,
  read: <T>(read: () => T) => Promise<T>,
): Promise<RecordPage> {
  const search = await read(() => lists.begin(query))
  while (await read(() => lists.step(search))) await setImmediate()
  const { page = [], total } = search
  return { records: await read(() => pages.records(page, query)), ...totalOf(total, query) }
}

interface SearchParts {
  readonly recordListSearch: RecordListSearch
  readonly recordListPage: Pick<RecordListPage, 'records'>
}

function recordsIn(lists: readonly StoredList[]): number {
  return lists.reduce((sum, { records }) => sum + records, 0)
}
