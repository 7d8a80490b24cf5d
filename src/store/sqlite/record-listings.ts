import type { DatabaseSync, SQLInputValue, SQLOutputValue } from 'node:sqlite'
import { keysOfLists, timesOf } from '../record-list-key.ts'
import type { OwnListing } from '../record-listing.ts'
import { lineOf, placesOf } from './record-line.ts'
import type { ListStage, RecordLists } from './record-lists.ts'
import { type PlaceChange, recordRuns } from './record-runs.ts'
import type { RecordTexts } from './record-texts.ts'

/** A record, by name and by its row. */
export interface ListedRow {
  readonly collection: string
  readonly id: string
  readonly seq: number
}

/** How records stand in lists. Counts follow at the end of each transaction, once for all of it. */
export interface RecordListings {
  /** A transaction begins; what the one before it has left open was undone. */
  begin(): void
  /** Runs a write, or what is left of one when it throws is not counted: whoever calls undoes its rows. */
  together<T>(write: () => T): T
  /** A record that was in no list. */
  add(record: ListedRow, listing: OwnListing): void
  /** A record that may have been in lists, and is in those given now, or in none. */
  replace(record: ListedRow, listing: OwnListing | null): void
  /** A record whose facets change, if it is listed. */
  move(record: ListedRow, facets: Readonly<Record<string, string>>): void
  /** The transaction is about to be committed. */
  finish(): void
}

interface Row {
  readonly list: number
  readonly whole: number
  readonly times: readonly number[]
  readonly text: string | null
}

/** A place in a list that was taken (1) or left (-1). */
interface Change {
  readonly list: number
  readonly id: string
  readonly times: readonly number[]
  readonly by: 1 | -1
}

/** Records of a list from which on they stand in lines, and from which on those are counted. */
const someRecords = 32
const manyRecords = 512

const insertListing = `
  INSERT INTO record_listings (list, whole, short_list, id, time_0, time_1, time_2, text, seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`

const updateListing = `
  UPDATE record_listings SET list = ?, whole = ?, short_list = ?, id = ?, time_0 = ?, time_1 = ?, time_2 = ?, text = ? WHERE seq = ?`

const insertPlace = `
  INSERT INTO record_places (line, at, id, seq, other_0, other_1) VALUES (?, ?, ?, ?, ?, ?)`

export function recordListings(
  database: DatabaseSync,
  lists: RecordLists,
  texts: RecordTexts,
): RecordListings {
  const runs = recordRuns(database)
  const select = database.prepare(
    'SELECT list, whole, time_0, time_1, time_2, text FROM record_listings WHERE seq = ?',
  )
  const insert = database.prepare(insertListing)
  const update = database.prepare(updateListing)
  const setList = database.prepare(
    'UPDATE record_listings SET list = ?, short_list = ? WHERE seq = ?',
  )
  const remove = database.prepare('DELETE FROM record_listings WHERE seq = ?')
  const takePlace = database.prepare(insertPlace)
  const leavePlace = database.prepare(
    'DELETE FROM record_places WHERE line = ? AND at = ? AND id = ?',
  )
  const changeLine = database.prepare(
    'UPDATE record_places SET line = ? WHERE line = ? AND at = ? AND id = ?',
  )
  const few = database.prepare(
    'SELECT seq, id, time_0, time_1, time_2 FROM record_listings WHERE short_list = ?',
  )
  const leaveFew = database.prepare(
    'UPDATE record_listings SET short_list = NULL WHERE short_list = ?',
  )
  let changes: Change[] = []

  return {
    begin() {
      changes = []
      lists.begin()
      texts.begin()
    },

    together(write) {
      const before = changes.length
      try {
        return write()
      } catch (error) {
        changes.length = before
        throw error
      }
    },

    add,

    replace(record, listing) {
      const stored = find(record.seq)
      if (stored === undefined) {
        if (listing !== null) add(record, listing)
        return
      }
      for (const each of [stored.list, stored.whole]) leave(record, each, stored.times)
      const row = listing && rowOf(record.collection, listing)
      if (row === null) remove.run(record.seq)
      else {
        update.run(...valuesOf(record, row))
        for (const each of [row.list, row.whole]) take(record, each, row.times)
      }
      texts.replace(record.seq, stored, row)
    },

    move(record, facets) {
      const stored = find(record.seq)
      if (stored === undefined) return
      const key = lists.keyOf(stored.list)
      const times = Object.fromEntries(
        key.times.map((name, slot) => [name, stored.times[slot] ?? 0]),
      )
      const { group } = keysOfLists({ facets: { ...key.facets, ...facets }, times })
      const list = lists.numberOf(record.collection, group)
      if (list === stored.list) return
      setList.run(list, shortOf(list), record.seq)
      if (shortOf(list) === null && shortOf(stored.list) === null) {
        changeLines(record, stored, list)
      } else {
        leave(record, stored.list, stored.times)
        take(record, list, stored.times)
      }
    },

    finish() {
      const ofList = Map.groupBy(changes, ({ list }) => list)
      changes = []
      for (const [list, changed] of ofList) finishList(list, withoutPassing(changed))
      texts.finish()
    },
  }

  function add(record: ListedRow, listing: OwnListing): void {
    const row = rowOf(record.collection, listing)
    insert.run(...valuesOf(record, row))
    for (const each of [row.list, row.whole]) take(record, each, row.times)
    texts.add(record.seq, row)
  }

  function valuesOf({ id, seq }: ListedRow, row: Row): SQLInputValue[] {
    const { list, whole, times, text } = row
    const three = [times[0] ?? 0, times[1] ?? null, times[2] ?? null]
    return [list, whole, shortOf(list), id, ...three, text, seq]
  }

  /** The list, if it is one of few. */
  function shortOf(list: number): number | null {
    return lists.sizeOf(list).stage === 'few' ? list : null
  }

  function rowOf(collection: string, listing: OwnListing): Row {
    const { group, whole } = keysOfLists(listing)
    return {
      list: lists.numberOf(collection, group),
      whole: lists.numberOf(collection, whole),
      times: timesOf(listing.times),
      text: listing.text,
    }
  }

  function take(record: ListedRow, list: number, times: readonly number[]): void {
    if (lists.sizeOf(list).stage !== 'few') takePlaces(record, list, times)
    count(record, list, times, 1)
  }

  function takePlaces(
    { id, seq }: Pick<ListedRow, 'id' | 'seq'>,
    list: number,
    times: readonly number[],
  ): void {
    for (const { line, at, others } of placesOf(list, times)) {
      takePlace.run(line, at, id, seq, ...others)
    }
  }

  function leave(record: ListedRow, list: number, times: readonly number[]): void {
    if (lists.sizeOf(list).stage !== 'few') {
      for (const { line, at } of placesOf(list, times)) leavePlace.run(line, at, record.id)
    }
    count(record, list, times, -1)
  }

  function changeLines(record: ListedRow, { list: before, times }: Row, list: number): void {
    times.forEach((at, slot) => {
      changeLine.run(lineOf(list, slot), lineOf(before, slot), at, record.id)
    })
    count(record, before, times, -1)
    count(record, list, times, 1)
  }

  function count(
    { id }: Pick<ListedRow, 'id'>,
    list: number,
    times: readonly number[],
    by: 1 | -1,
  ): void {
    changes.push({ list, id, times, by })
  }

  function finishList(list: number, changed: readonly Change[]): void {
    const [first] = changed
    if (first === undefined) return
    const { records: before, stage } = lists.sizeOf(list)
    const records = changed.reduce((sum, { by }) => sum + by, before)
    const next = stageFor(stage, records, lists.keyOf(list).facets === null)
    if (records !== before || next !== stage) lists.resize(list, { records, stage: next })
    const lines = first.times.map((_, slot) => lineOf(list, slot))
    if (stage === 'few' && next !== 'few') standInLines(list)
    lines.forEach((line, slot) => {
      if (stage !== 'counted' && next === 'counted') runs.make(line)
      else if (next === 'counted')
        runs.change(
          line,
          changed.map((each) => changeOf(each, slot)),
        )
      else if (stage === 'counted') runs.drop(line)
    })
  }

  function standInLines(list: number): void {
    // The columns are as typed: the table is STRICT.
    for (const row of few.all(list)) {
      takePlaces({ id: row['id'] as string, seq: row['seq'] as number }, list, storedTimesOf(row))
    }
    leaveFew.run(list)
  }

  function find(seq: number): Row | undefined {
    const row = select.get(seq)
    return row && storedRowOf(row)
  }
}

/** Without records that came and went, or went and came, within the transaction: nothing has changed by them. */
function withoutPassing(changes: readonly Change[]): readonly Change[] {
  if (changes.every(({ by }) => by === changes[0]?.by)) return changes
  const left = new Map<string, Change>()
  for (const change of changes) {
    const key = JSON.stringify([change.id, change.times])
    if (left.has(key)) left.delete(key)
    else left.set(key, change)
  }
  return [...left.values()]
}

function changeOf({ id, times, by }: Change, slot: number): PlaceChange {
  const [place] = placesOf(0, times).slice(slot)
  return { at: place?.at ?? 0, id, others: place?.others ?? [null, null], by }
}

/** Up as a list grows; down when it is empty, so that one that grows and shrinks does not go to and fro. */
function stageFor(stage: ListStage, records: number, isWhole: boolean): ListStage {
  if (records === 0) return isWhole ? 'lined' : 'few'
  if (records > manyRecords) return 'counted'
  return stage === 'few' && records > someRecords ? 'lined' : stage
}

// The casts below are proven by the schema: the table is STRICT.

function storedRowOf(row: Record<string, SQLOutputValue>): Row {
  return {
    list: row['list'] as number,
    whole: row['whole'] as number,
    times: storedTimesOf(row),
    text: row['text'] as string | null,
  }
}

function storedTimesOf(row: Record<string, SQLOutputValue>): readonly number[] {
  const times = [row['time_0'], row['time_1'], row['time_2']] as (number | null)[]
  return times.filter((time) => time !== null)
}
