import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { keysOfLists, timesOf } from '../record-list-key.ts'
import type { OwnListing } from '../record-listing.ts'
import { lineOf, placesOf } from './record-line.ts'
import type { RecordLists } from './record-lists.ts'
import { documentOf } from './record-parts.ts'
import { type PlaceChange, recordRuns } from './record-runs.ts'

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

/** Records of a list from which on its lines are counted in runs. */
const manyRecords = 512

const insertListing = `
  INSERT INTO record_listings (list, whole, id, time_0, time_1, time_2, text, seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`

const updateListing = `
  UPDATE record_listings SET list = ?, whole = ?, id = ?, time_0 = ?, time_1 = ?, time_2 = ?, text = ? WHERE seq = ?`

const updateTotal = `
  UPDATE record_lists SET total = total + ? WHERE list = ? RETURNING total, is_counted`

const insertPlace = `
  INSERT INTO record_places (line, at, id, seq, other_0, other_1) VALUES (?, ?, ?, ?, ?, ?)`

export function recordListings(database: DatabaseSync, lists: RecordLists): RecordListings {
  const runs = recordRuns(database)
  const select = database.prepare(
    'SELECT list, whole, time_0, time_1, time_2, text FROM record_listings WHERE seq = ?',
  )
  const insert = database.prepare(insertListing)
  const update = database.prepare(updateListing)
  const setList = database.prepare('UPDATE record_listings SET list = ? WHERE seq = ?')
  const remove = database.prepare('DELETE FROM record_listings WHERE seq = ?')
  const takePlace = database.prepare(insertPlace)
  const leavePlace = database.prepare(
    'DELETE FROM record_places WHERE line = ? AND at = ? AND id = ?',
  )
  const changeLine = database.prepare(
    'UPDATE record_places SET line = ? WHERE line = ? AND at = ? AND id = ?',
  )
  const addParts = database.prepare('INSERT INTO record_parts (rowid, parts) VALUES (?, ?)')
  const removeParts = database.prepare(
    `INSERT INTO record_parts (record_parts, rowid, parts) VALUES ('delete', ?, ?)`,
  )
  const total = database.prepare(updateTotal)
  const setCounted = database.prepare('UPDATE record_lists SET is_counted = ? WHERE list = ?')
  let changes: Change[] = []

  return {
    begin() {
      changes = []
      lists.begin()
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
      leavePlaces(record, stored)
      const row = listing && rowOf(record.collection, listing)
      if (row === null) remove.run(record.seq)
      else {
        update.run(row.list, row.whole, record.id, ...threeTimes(row), row.text, record.seq)
        takePlaces(record, row)
      }
      replaceParts(record, stored, row)
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
      setList.run(list, record.seq)
      stored.times.forEach((at, slot) => {
        changeLine.run(lineOf(list, slot), lineOf(stored.list, slot), at, record.id)
      })
      count(record, stored.list, stored.times, -1)
      count(record, list, stored.times, 1)
    },

    finish() {
      const ofList = Map.groupBy(changes, ({ list }) => list)
      changes = []
      for (const [list, changed] of ofList) finishList(list, withoutPassing(changed))
    },
  }

  function add(record: ListedRow, listing: OwnListing): void {
    const row = rowOf(record.collection, listing)
    insert.run(row.list, row.whole, record.id, ...threeTimes(row), row.text, record.seq)
    takePlaces(record, row)
    if (row.text) addParts.run(record.seq, documentOf(row.whole, row.text))
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

  function takePlaces({ id, seq }: ListedRow, { list, whole, times }: Row): void {
    for (const each of [list, whole]) {
      for (const { line, at, others } of placesOf(each, times)) {
        takePlace.run(line, at, id, seq, ...others)
      }
      count({ id }, each, times, 1)
    }
  }

  function leavePlaces({ id }: ListedRow, { list, whole, times }: Row): void {
    for (const each of [list, whole]) {
      for (const { line, at } of placesOf(each, times)) leavePlace.run(line, at, id)
      count({ id }, each, times, -1)
    }
  }

  function replaceParts({ seq }: ListedRow, before: Row, after: Row | null): void {
    const was = before.text ? documentOf(before.whole, before.text) : ''
    const is = after?.text ? documentOf(after.whole, after.text) : ''
    if (was === is) return
    if (was !== '') removeParts.run(seq, was)
    if (is !== '') addParts.run(seq, is)
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
    if (changed.length === 0) return
    const by = changed.reduce((sum, each) => sum + each.by, 0)
    const row = total.get(by, list)
    const isCounted = row?.['is_counted'] === 1
    const isLong = Number(row?.['total']) > (isCounted ? 0 : manyRecords)
    const slots = changed[0]?.times.length ?? 0
    if (isCounted !== isLong) setCounted.run(isLong ? 1 : 0, list)
    for (let slot = 0; slot < slots; slot += 1) {
      const line = lineOf(list, slot)
      if (isCounted && isLong)
        runs.change(
          line,
          changed.map((each) => changeOf(each, slot)),
        )
      else if (isLong) runs.make(line)
      else if (isCounted) runs.drop(line)
    }
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

function threeTimes({ times }: Row): [number, number | null, number | null] {
  return [times[0] ?? 0, times[1] ?? null, times[2] ?? null]
}

// The casts below are proven by the schema: the table is STRICT.

function storedRowOf(row: Record<string, SQLOutputValue>): Row {
  const times = [row['time_0'], row['time_1'], row['time_2']] as (number | null)[]
  return {
    list: row['list'] as number,
    whole: row['whole'] as number,
    times: times.filter((time) => time !== null),
    text: row['text'] as string | null,
  }
}
