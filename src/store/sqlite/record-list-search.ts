import type { DatabaseSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import { type OwnListQuery, totalOf } from '../record-listing.ts'
import type { RecordPage } from '../records.ts'
import { isUnderWords, listedWords } from './listed-words.ts'
import type { RecordListPage } from './record-list-page.ts'
import type { RecordLists, StoredList } from './record-lists.ts'
import { type Candidates, type Match, recordMatches } from './record-matches.ts'
import { sampled, type Words, wordsFor } from './record-parts.ts'
import { zoneRows } from './record-zones.ts'
import type { RowSet } from './row-set.ts'
import {
  together as fewest,
  inOrderOfTime,
  type Look,
  lookAt,
  looksAtZones,
  wholeQueries,
} from './search-looks.ts'
import { searchPage } from './search-page.ts'
import { frequent, type SearchPlan, searchPlan } from './search-plan.ts'
import {
  firstOf,
  isDone,
  isToBeWalked,
  type Search,
  type SearchedWhole,
  settlePage,
  stepRows,
} from './search-state.ts'
import { wordsBeginning } from './short-words.ts'
import { snapshots } from './snapshot.ts'
import { zoneSearch } from './zone-search.ts'

/** Records of lists whose text contains another. */
export interface RecordListSearch {
  begin(query: OwnListQuery): Search
  /** Looks at some of the records that may be meant, and counts those that are. Returns whether there is more to do. */
  step(search: Search): boolean
}

/** As long as each that is found may be on the page. */
const stepRowsWithoutBar = 2_000
/** What a look costs itself, in rows. */
const lookRows = 250
/** Rows that a bar is looked for among. */
const glanceRows = 1_000
const fewZones = 2
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
  pages: Pick<RecordListPage, 'containing' | 'size' | 'records'>,
): RecordListSearch {
  const matches = recordMatches(database)
  const listed = listedWords(database, matches)
  const beginning = wordsBeginning(database)
  const zonesOf = zoneSearch(database)
  const ends = database.prepare(selectEnds)
  const sample = database.prepare(selectSample)
  const together = snapshots(database)
  const page = searchPage(database, matches, pages)

  return {
    begin: (query) => begin(query, 1),

    step(search) {
      if (isToBeWalked(search)) walk(search)
      else together(() => look(search))
      if (search.page !== undefined && search.records === undefined && !page.read(search)) {
        Object.assign(search, begin(search.asked, search.begun + 1))
        return true
      }
      return !isDone(search)
    },
  }

  function begin(query: OwnListQuery, begun: number): Search {
    return together(() => {
      const { offset, limit, order, countTo } = query
      const isUp = order.direction === 'ascending'
      const stored = lists.of(query.collection)
      const { indexed, first, last } = endsNow()
      const texts = sampleOf(first, last, isUp)
      const scope = { sample: texts, beginning, isForSome: Number.isFinite(countTo) }
      const having = texts.filter((text) => text.includes(query.text)).length
      const wholes = wholeQueries(query, stored).map((each) => {
        const words = wordsFor(each.whole, query.text, scope)
        return { ...each, words, isZoned: words === null || isZoned(words, having) }
      })
      return {
        asked: query,
        isUp,
        wanted: offset + limit,
        wholes,
        indexed,
        listed: undefined,
        plan: planOf(query, wholes, texts, stored),
        looks: wholes.length === 0 ? [] : undefined,
        total: 0,
        best: [],
        bar: undefined,
        page: undefined,
        records: undefined,
        begun,
      }
    })
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
      listed: recordsIn(meant),
      all: recordsIn(groups),
    })
  }

  /** Texts from all over, at no even distances: what comes again and again may be at the same. */
  function sampleOf(first: number, last: number, isUp: boolean): readonly string[] {
    const places = Array.from(
      { length: sampled },
      (_, at) => first + Math.floor((last - first) * ((at * goldenRatio) % 1)),
    ).sort((a, b) => (isUp ? a - b : b - a))
    return sample.all(JSON.stringify(places)).map((row) => String(row['text'] ?? ''))
  }

  function endsNow(): { readonly indexed: number; readonly first: number; readonly last: number } {
    const row = ends.get()
    return {
      indexed: Number(row?.['indexed']),
      first: Number(row?.['first']),
      last: Number(row?.['last']),
    }
  }

  /** Looks for the page along its order. */
  function walk(search: Search): void {
    const { page, total } = pages.containing(search.asked, search.plan)
    search.plan = { ...search.plan, walk: 'never' }
    if (page === undefined) {
      // What is more than is to be told stays so, whatever is found besides.
      if (total !== undefined && total > search.asked.countTo) search.total = total
      return
    }
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
    const { page, plan, wanted } = search
    const isListed = plan.isListed && isWide(next.among) && isUnderWords(next)
    if (page === undefined && !isListed) search.bar ??= barOf(search, next)
    const bar = page === undefined ? search.bar : null
    const most = bar === undefined && !isListed ? stepRowsWithoutBar : stepRows
    const limit = Math.min(mostRows, most, bar === null && isSure(next) ? missing(search) : most)
    const { looked, found, contenders, rest } = isListed
      ? listed.count(next, rowsOfLists(search), limit, bar)
      : matches.count(next.query, next.among, limit, bar)
    search.total += found
    search.looks = rest === undefined ? others : [{ ...next, among: rest }, ...others]
    if (contenders.length > 0) {
      search.best = firstOf([...search.best, ...contenders], search)
      search.bar = search.best[wanted - 1] ?? search.bar
    }
    settlePage(search)
    return looked
  }

  function rowsOfLists(search: Search): RowSet {
    search.listed ??= listed.rowsOf(search.wholes.flatMap(({ query }) => query.ranks.lists))
    return search.listed
  }

  /** Looks ahead for as many as are wanted, so that none need be kept that come after them. */
  function barOf(search: Search, { query, among }: Look): Match | undefined {
    const { wanted, best } = search
    if (wanted > glanceRows) return undefined
    const seen = matches.glance(query, among, glanceRows, wanted)
    return firstOf([...best, ...seen], search)[wanted - 1]
  }

  function looksOf({ wholes, isUp, page, plan, indexed }: Search): Look[] {
    const { last } = endsNow()
    const isAll = page !== undefined || (plan.isListed && !plan.isBeyond)
    const looks = wholes.flatMap(({ whole, query, words, isZoned }) => {
      const behind = lookAt(query, { words: null, after: indexed, to: last })
      if (!isZoned || (words !== null && isAll))
        return [behind, lookAt(query, { words, after: 0, to: indexed })]
      return [behind, ...looksAtZones(query, words, zonesOf({ ...query, whole }), indexed)]
    })
    return page === undefined ? inOrderOfTime(looks, isUp) : fewest(looks)
  }
}

/** In a few zones it is not worth knowing what stands in the lists that are meant. */
function isWide({ after, to }: Candidates): boolean {
  return to - after > fewZones * zoneRows
}

/** Whether all that the index has is meant, and contains the text. */
function isSure({ query, among }: Look): boolean {
  return query.isOfAll && among.words?.isExact === true
}

/** What is still to be found to be more than is to be told. */
function missing({ asked, total }: Search): number {
  return asked.countTo + 1 - total
}

/** Few are found quicker at once. */
function isZoned({ isCollected }: Words, having: number): boolean {
  return having >= frequent && !isCollected
}

/** A page of what contains a text, with everything else getting its turn between two looks at many. */
export async function searchRecords(
  query: OwnListQuery,
  { recordListSearch: lists }: SearchParts,
  read: <T>(read: () => T) => Promise<T>,
): Promise<RecordPage> {
  const search = await read(() => lists.begin(query))
  while (await read(() => lists.step(search))) await setImmediate()
  const { records = [], total } = search
  return { records, ...totalOf(total, query) }
}

interface SearchParts {
  readonly recordListSearch: RecordListSearch
}

function recordsIn(lists: readonly StoredList[]): number {
  return lists.reduce((sum, { records }) => sum + records, 0)
}
