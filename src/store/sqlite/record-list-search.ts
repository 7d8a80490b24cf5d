import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import { compareBytes } from '../byte-order.ts'
import { type SoughtList, soughtLists } from '../record-list-key.ts'
import type { OwnListQuery } from '../record-listing.ts'
import type { RecordPage } from '../records.ts'
import type { RecordListPage } from './record-list-page.ts'
import type { RecordLists, StoredList } from './record-lists.ts'
import { wordsFor } from './record-parts.ts'

/** Records of lists whose text contains another. */
export interface RecordListSearch {
  /** Looks at some of the records that may be meant, and takes those that are. Resolves to whether there are more. */
  step(search: Search): boolean
  begin(query: OwnListQuery): Search
}

/** A search on its way. */
interface Search {
  readonly query: OwnListQuery
  readonly lists: ReadonlyMap<number, Sought>
  /** What the full-text index is asked for. */
  readonly words: string
  /** The last row that was looked at. */
  last: number
  total: number
  /** The first of those found, in order as far as they were sorted. */
  best: Match[]
}

interface Sought extends SoughtList<StoredList> {
  /** Which comes first, of lists that follow each other. */
  readonly part: number
}

interface Match {
  readonly part: number
  readonly at: number
  readonly id: string
  readonly seq: number
}

/** Rows that are looked at in one go: everything else waits meanwhile. */
const stepRows = 4000
/** Records that have a word, from which on it is left to the others to find the few. */
const manyRecords = 4096

export const selectMatching = `
  SELECT l.seq, l.list, l.id, l.time_0, l.time_1, l.time_2, instr(l.text, ?) AS place
  FROM (SELECT rowid AS seq FROM record_parts WHERE record_parts MATCH ? AND rowid > ? ORDER BY rowid LIMIT +?) AS f
    CROSS JOIN record_listings AS l ON l.seq = f.seq`

/** Those that are not in the full-text index yet. */
const selectUnindexed = `
  SELECT seq, list, id, time_0, time_1, time_2, instr(text, ?) AS place FROM record_listings
  WHERE seq > max(?, (SELECT seq FROM record_parts_end)) AND text IS NOT NULL ORDER BY seq LIMIT ?`

export const selectWord = `
  SELECT rowid FROM record_parts WHERE record_parts MATCH ? LIMIT 1 OFFSET +?`

export function recordListSearch(database: DatabaseSync, lists: RecordLists): RecordListSearch {
  const matching = database.prepare(selectMatching)
  const unindexed = database.prepare(selectUnindexed)
  const nth = database.prepare(selectWord)

  return {
    begin(query) {
      const stored = lists.of(query.collection)
      const parts = soughtLists(query, stored).flatMap((part, index) =>
        part.map((sought) => ({ ...sought, part: index })),
      )
      const groups = parts.flatMap((sought) =>
        sought.list.facets === null ? groupsOf(sought, stored) : [sought],
      )
      const wholes = stored.filter(({ facets }) => facets === null)
      return {
        query,
        lists: new Map(groups.map((sought) => [sought.list.number, sought])),
        words: wholes.map(({ number }) => rarest(wordsFor(number, query.text))).join(' OR '),
        last: 0,
        total: 0,
        best: [],
      }
    },

    step(search) {
      const { query, words, last } = search
      if (words === '') return false
      const rows = matching.all(query.text, words, last, stepRows)
      rows.push(...unindexed.all(query.text, last, stepRows - rows.length))
      for (const row of rows) {
        const match = row['place'] === 0 ? undefined : matchOf(row, search)
        if (match === undefined) continue
        search.total += 1
        search.best.push(match)
      }
      search.last = (rows.at(-1)?.['seq'] as number | undefined) ?? last
      keepBest(search)
      return rows.length === stepRows
    },
  }

  /** What few records have finds them sooner than what many have; together they find no others. */
  function rarest(words: readonly string[]): string {
    const rare = words.filter((word) => nth.get(word, manyRecords) === undefined)
    return `(${(rare.length === 0 ? words : rare).join(' AND ')})`
  }
}

/** A page of what contains a text, with everything else getting its turn between two looks at many. */
export async function searchRecords(
  query: OwnListQuery,
  { recordListSearch: lists, recordListPage: pages }: SearchParts,
  read: <T>(read: () => T) => Promise<T>,
): Promise<RecordPage> {
  const search = await read(() => lists.begin(query))
  while (await read(() => lists.step(search))) await setImmediate()
  const { best, total } = search
  const seqs = best.slice(query.offset).map(({ seq }) => seq)
  return { records: await read(() => pages.records(seqs, query)), total }
}

interface SearchParts {
  readonly recordListSearch: RecordListSearch
  readonly recordListPage: Pick<RecordListPage, 'records'>
}

/** The lists that make up a whole one. */
function groupsOf(sought: Sought, stored: readonly StoredList[]): readonly Sought[] {
  const times = sought.list.times.join('\0')
  return stored
    .filter((list) => list.facets !== null && list.times.join('\0') === times)
    .map((list) => ({ ...sought, list }))
}

function matchOf(row: Record<string, SQLOutputValue>, search: Search): Match | undefined {
  const { range } = search.query
  // The columns are as typed: the table is STRICT.
  const sought = search.lists.get(row['list'] as number)
  if (sought === undefined) return undefined
  const over = range === null || sought.range === null ? 0 : (row[`time_${sought.range}`] as number)
  if (range !== null && (over < range.from || over > range.to)) return undefined
  const at = row[`time_${sought.order}`] as number
  return { part: sought.part, at, id: row['id'] as string, seq: row['seq'] as number }
}

function keepBest(search: Search): void {
  const { offset, limit, order } = search.query
  const sign = order.direction === 'ascending' ? 1 : -1
  search.best.sort((a, b) => a.part - b.part || sign * (a.at - b.at || compareBytes(a.id, b.id)))
  search.best.splice(offset + limit)
}
