import type { DatabaseSync } from 'node:sqlite'
import { type SoughtList, soughtLists } from '../record-list-key.ts'
import type { OwnListQuery } from '../record-listing.ts'
import type { RecordPage, StoredRecord } from '../records.ts'
import { storedRecordOf } from '../rows.ts'
import { compareEntries, type Entry, lineWalks, type Stretch } from './line-walk.ts'
import { listCount } from './list-count.ts'
import { lineOf, otherOf } from './record-line.ts'
import {
  type CountedPart,
  type Lined,
  type Part,
  partOf,
  sizeOf,
  sumOf,
} from './record-list-part.ts'
import type { RecordLists, StoredList } from './record-lists.ts'
import { recordRuns } from './record-runs.ts'
import type { SearchPlan } from './search-plan.ts'
import { snapshots } from './snapshot.ts'
import { textWalk } from './text-walk.ts'
import { waitingRecords } from './waiting-records.ts'

/** Pages of lists, as they are found along their order. */
export interface RecordListPage {
  /** Without a text that is searched. */
  page(query: OwnListQuery): RecordPage
  /** How many records a query means, whatever text they have; asked for within a snapshot. */
  size(query: OwnListQuery): number
  /** What contains a text, as far as the records tell that are planned to be looked at. */
  containing(query: OwnListQuery, plan: Omit<SearchPlan, 'walk'>): Containing
  /** Records by their rows, in the order given. */
  records(seqs: readonly number[], query: OwnListQuery): readonly StoredRecord[]
}

interface Containing {
  /** Rows of the page; `undefined` when it was not found. */
  readonly page: readonly number[] | undefined
  /** All, or more than is to be told; `undefined` when it may be any number. */
  readonly total: number | undefined
}

/** Entries in a range of another time that are rather collected than looked for along the order. */
const fewEntries = 1000
/** Entries that are rather passed over by counts. */
const manyEntries = 1000

export const selectAcross = `
  SELECT id, seq, iif(? = 0, other_0, other_1) AS at FROM record_places WHERE line = ? AND at >= ? AND at <= ?`

export function recordListPage(database: DatabaseSync, lists: RecordLists): RecordListPage {
  const walks = lineWalks(database)
  const waiting = waitingRecords(database)
  const runs = recordRuns(database)
  const texts = textWalk(database)
  const countContaining = listCount(database, waiting, texts)
  const together = snapshots(database)
  const across = database.prepare(selectAcross)
  const count = database.prepare(
    'SELECT count(*) AS places FROM record_places WHERE line = ? AND at >= ? AND at <= ?',
  )
  const select = (content: string) =>
    database.prepare(
      `SELECT collection, id, version, value, ${content}, erased_at FROM records WHERE seq = ?`,
    )
  const whole = select('content')
  const withoutContent = select('NULL AS content')

  return {
    page: (query) =>
      together(() => {
        const parts = partsOf(query)
        const total = sizeOf(parts)
        return { records: records(seqsOf(parts, query), query), total, totalIsExact: true }
      }),

    size: (query) => sizeOf(partsOf(query)),

    containing: (query, { walked, counted, countedFrom }) =>
      together(() => {
        const { text, offset, limit } = query
        const parts = partsOf(query)
        const entries = inOrder(parts, query, walked)
        const page =
          walked === 0
            ? undefined
            : texts.containing(text, entries, offset + limit, walked)?.slice(offset)
        if (counted === 0) return { page, total: undefined }
        const isUp = (query.order.direction === 'ascending') === (countedFrom === 'first')
        return { page, total: countContaining(parts, query, counted, isUp) }
      }),

    records,
  }

  function partsOf(query: OwnListQuery): readonly CountedPart[] {
    return soughtLists(query, lists.of(query.collection)).map((all) => {
      const part = partOf(all, query)
      return { part, total: recordsIn(part, query) }
    })
  }

  function records(seqs: readonly number[], { content }: OwnListQuery): readonly StoredRecord[] {
    const statement = content ? whole : withoutContent
    return seqs.flatMap((seq) => {
      const row = statement.get(seq)
      return row === undefined ? [] : storedRecordOf(row)
    })
  }

  function recordsIn({ all, lined, waiting: asked }: Part, { range }: OwnListQuery): number {
    if (range === null) return sumOf(all.map(({ list }) => list.records))
    const placed = lined.map(({ list, range: slot }) => inRange(list, slot ?? 0, range))
    return sumOf(placed) + sumOf(asked.map((each) => waiting.count(each)))
  }

  function inRange(
    { number, isCounted }: StoredList,
    slot: number,
    { from, to }: { readonly from: number; readonly to: number },
  ): number {
    const line = lineOf(number, slot)
    if (from > to) return 0
    return isCounted ? runs.between(line, from, to) : Number(count.get(line, from, to)?.['places'])
  }

  function seqsOf(parts: readonly CountedPart[], query: OwnListQuery): readonly number[] {
    const seqs: number[] = []
    let before = query.offset
    for (const each of parts) {
      const limit = query.limit - seqs.length
      if (limit === 0) break
      if (before < each.total) seqs.push(...pageOf(each, before, limit, query))
      before = Math.max(0, before - each.total)
    }
    return seqs
  }

  function pageOf(
    counted: CountedPart,
    offset: number,
    limit: number,
    query: OwnListQuery,
  ): readonly number[] {
    const wanted = offset + limit
    const { entries, skipped } = entriesOf(counted, query, { offset, wanted, most: wanted })
    return seqsIn(entries, offset - skipped, limit)
  }

  function* inOrder(
    parts: readonly CountedPart[],
    query: OwnListQuery,
    most: number,
  ): Iterable<Entry> {
    const wanted = query.offset + query.limit
    for (const each of parts) yield* entriesOf(each, query, { offset: 0, wanted, most }).entries
  }

  /** In their order, without some before the offset. */
  function entriesOf(
    { part, total }: CountedPart,
    query: OwnListQuery,
    {
      offset,
      wanted,
      most,
    }: { readonly offset: number; readonly wanted: number; readonly most: number },
  ): { readonly entries: Iterable<Entry>; readonly skipped: number } {
    const isUp = query.order.direction === 'ascending'
    const others = part.waiting.map((each) => waiting.inOrder(each, isUp, most))
    const isAcross = part.lined.some(({ order, range }) => range !== null && range !== order)
    if (isAcross && total <= fewEntries) {
      const all = collected(part.lined, query)[Symbol.iterator]()
      return { entries: walks.together([all, ...others], isUp), skipped: 0 }
    }
    const stretches = part.lined.map((sought) => stretchOf(sought, query))
    const { rest, skipped } =
      others.length === 0 ? skip(stretches, offset) : { rest: stretches, skipped: 0 }
    const along = walks.along(rest, wanted - skipped)
    return { entries: walks.together([...along, ...others], isUp), skipped }
  }

  /** One line alone can be passed over by counts. */
  function skip(
    stretches: readonly Stretch[],
    offset: number,
  ): { readonly rest: readonly Stretch[]; readonly skipped: number } {
    const [only, ...others] = stretches
    const isOpen = only?.isUp === true ? only.from === -Infinity : only?.to === Infinity
    if (only === undefined || others.length > 0 || !only.isCounted || !isOpen) {
      return { rest: stretches, skipped: 0 }
    }
    if (only.beside !== undefined || offset < manyEntries) return { rest: stretches, skipped: 0 }
    const { rest, skipped } = walks.skip(only, offset)
    return { rest: [rest], skipped }
  }

  /** All of a range, in the order of another time. */
  function collected(part: Lined, { range, order }: OwnListQuery): readonly Entry[] {
    const entries = part.flatMap(({ list, order: slot, range: over }) =>
      across
        .all(
          otherOf(over ?? 0, slot),
          lineOf(list.number, over ?? 0),
          range?.from ?? -Infinity,
          range?.to ?? Infinity,
        )
        .map((row) => ({
          at: row['at'] as number,
          id: row['id'] as string,
          seq: row['seq'] as number,
        })),
    )
    const sign = order.direction === 'ascending' ? 1 : -1
    return entries.sort((a, b) => sign * compareEntries(a, b))
  }
}

function stretchOf(
  { list, order: slot, range: over }: SoughtList<StoredList>,
  { range, order }: OwnListQuery,
): Stretch {
  const stretch = {
    line: lineOf(list.number, slot),
    isCounted: list.isCounted,
    isUp: order.direction === 'ascending',
    from: -Infinity,
    to: Infinity,
  }
  if (range === null || over === null) return stretch
  const { from, to } = range
  if (over === slot) return { ...stretch, from, to }
  return { ...stretch, beside: { other: otherOf(slot, over), from, to } }
}

function seqsIn(entries: Iterable<Entry>, offset: number, limit: number): readonly number[] {
  const seqs: number[] = []
  let place = 0
  for (const { seq } of entries) {
    if (place >= offset) seqs.push(seq)
    place += 1
    if (place === offset + limit) break
  }
  return seqs
}
