import type { DatabaseSync, SQLInputValue, SQLOutputValue } from 'node:sqlite'
import { keysOfLists, timesOf } from '../record-list-key.ts'
import type { OwnListing } from '../record-listing.ts'
import { lineOf, placesOf, storedTimesOf } from './record-line.ts'
import type { RecordLists } from './record-lists.ts'
import { type PlaceChange, recordRuns } from './record-runs.ts'
import type { RecordTexts } from './record-texts.ts'

/** A record, by name and by its row. */
interface ListedRow {
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
  /** Records, by their rows, that are found by no text any more. */
  eraseTexts(rows: readonly number[]): void
  /** The transaction is about to be committed. */
  finish(): void
}

interface Row {
  readonly list: number
  readonly whole: number
  readonly times: readonly number[]
  readonly text: string | null
  /** Whether it has no places in the lines of `list` yet; in those of `whole` it has. */
  readonly isWaiting: boolean
}

/** A record that came into a list (1) or left it (-1). */
interface Change {
  readonly list: number
  readonly id: string
  readonly times: readonly number[]
  readonly isWaiting: boolean
  readonly by: 1 | -1
}

/**
 * Records of a list that wait at most. What comes waits, among those of all other lists, so that it dirties no page of the list's own; what has not
 * gone on before there are more takes its places with them.
 */
const mostWaiting = 16
/** Places of a line from which on they are counted. */
const manyPlaces = 512

const insertListing = `
  INSERT INTO record_listings (list, whole, waits_for, id, time_0, time_1, time_2, text, seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`

const updateListing = `
  UPDATE record_listings SET list = ?, whole = ?, waits_for = ?, id = ?, time_0 = ?, time_1 = ?, time_2 = ?, text = ? WHERE seq = ?`

const insertPlace = `
  INSERT INTO record_places (line, at, id, seq, other_0, other_1) VALUES (?, ?, ?, ?, ?, ?)`

export function recordListings(
  database: DatabaseSync,
  lists: RecordLists,
  texts: RecordTexts,
): RecordListings {
  const runs = recordRuns(database)
  const select = database.prepare(
    'SELECT list, whole, waits_for, time_0, time_1, time_2, text FROM record_listings WHERE seq = ?',
  )
  const insert = database.prepare(insertListing)
  const update = database.prepare(updateListing)
  const setList = database.prepare(
    'UPDATE record_listings SET list = ?1, waits_for = ?1 WHERE seq = ?2',
  )
  const removeText = database.prepare('UPDATE record_listings SET text = NULL WHERE seq = ?')
  const remove = database.prepare('DELETE FROM record_listings WHERE seq = ?')
  const takePlace = database.prepare(insertPlace)
  const leavePlace = database.prepare(
    'DELETE FROM record_places WHERE line = ? AND at = ? AND id = ?',
  )
  const waiting = database.prepare(
    'SELECT seq, id, time_0, time_1, time_2 FROM record_listings WHERE waits_for = ?',
  )
  const setPlaced = database.prepare(
    'UPDATE record_listings SET waits_for = NULL WHERE waits_for = ?',
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
      leaveList(record, stored)
      leaveWhole(record, stored)
      const row = listing && rowOf(record.collection, listing)
      if (row === null) remove.run(record.seq)
      else {
        update.run(...valuesOf(record, row))
        enter(record, row)
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
      leaveList(record, stored)
      setList.run(list, record.seq)
      count(record, { list, times: stored.times, isWaiting: true, by: 1 })
    },

    eraseTexts(rows) {
      const found = rows.flatMap((seq) => {
        const { whole, text } = find(seq) ?? { text: null }
        return text === null || whole === undefined ? [] : [{ seq, whole, text }]
      })
      for (const { seq } of found) removeText.run(seq)
      texts.erase(found)
    },

    finish() {
      const ofList = Map.groupBy(changes, ({ list }) => list)
      changes = []
      for (const [list, changed] of ofList) finishList(list, changed)
      texts.finish()
    },
  }

  function add(record: ListedRow, listing: OwnListing): void {
    const row = rowOf(record.collection, listing)
    insert.run(...valuesOf(record, row))
    enter(record, row)
    texts.add(record.seq, row)
  }

  function valuesOf({ id, seq }: ListedRow, row: Row): SQLInputValue[] {
    const { list, whole, times, text } = row
    const three = [times[0] ?? 0, times[1] ?? null, times[2] ?? null]
    return [list, whole, list, id, ...three, text, seq]
  }

  function rowOf(collection: string, listing: OwnListing): Row {
    const { group, whole } = keysOfLists(listing)
    return {
      list: lists.numberOf(collection, group),
      whole: lists.numberOf(collection, whole),
      times: timesOf(listing.times),
      text: listing.text,
      isWaiting: true,
    }
  }

  /** All of a collection come in their order, mostly: they need not wait. */
  function enter(record: ListedRow, { list, whole, times }: Row): void {
    count(record, { list, times, isWaiting: true, by: 1 })
    takePlaces(record, whole, times)
    count(record, { list: whole, times, isWaiting: false, by: 1 })
  }

  function leaveList(record: ListedRow, { list, times, isWaiting }: Row): void {
    if (!isWaiting) leavePlaces(record, list, times)
    count(record, { list, times, isWaiting, by: -1 })
  }

  function leaveWhole(record: ListedRow, { whole, times }: Row): void {
    leavePlaces(record, whole, times)
    count(record, { list: whole, times, isWaiting: false, by: -1 })
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

  function leavePlaces({ id }: ListedRow, list: number, times: readonly number[]): void {
    for (const { line, at } of placesOf(list, times)) leavePlace.run(line, at, id)
  }

  function count({ id }: Pick<ListedRow, 'id'>, change: Omit<Change, 'id'>): void {
    changes.push({ id, ...change })
  }

  function finishList(list: number, changed: readonly Change[]): void {
    const before = lists.sizeOf(list)
    const records = before.records + sumOf(changed)
    const still = before.waiting + sumOf(changed.filter(({ isWaiting }) => isWaiting))
    const left = withoutPassing(changed.filter(({ isWaiting }) => !isWaiting))
    const placed = still > mostWaiting ? [...left, ...placeWaiting(list)] : left
    const size = { records, waiting: still > mostWaiting ? 0 : still }
    const places = records - size.waiting
    const isCounted = places > manyPlaces || (before.isCounted && places > 0)
    finishLines(list, placed, before.isCounted, isCounted)
    if (
      records !== before.records ||
      size.waiting !== before.waiting ||
      isCounted !== before.isCounted
    ) {
      lists.resize(list, { ...size, isCounted })
    }
  }

  function finishLines(
    list: number,
    placed: readonly Change[],
    wasCounted: boolean,
    isCounted: boolean,
  ): void {
    if (placed.length === 0 && wasCounted === isCounted) return
    lists.keyOf(list).times.forEach((_, slot) => {
      const line = lineOf(list, slot)
      if (isCounted && wasCounted)
        runs.change(
          line,
          placed.map((each) => changeOf(each, slot)),
        )
      else if (isCounted) runs.make(line)
      else if (wasCounted) runs.drop(line)
    })
  }

  /** Those that wait take their places. */
  function placeWaiting(list: number): readonly Change[] {
    // The columns are as typed: the table is STRICT.
    const taken = waiting.all(list).map((row): Change => {
      const [id, times] = [row['id'] as string, storedTimesOf(row)]
      takePlaces({ id, seq: row['seq'] as number }, list, times)
      return { list, id, times, isWaiting: false, by: 1 }
    })
    setPlaced.run(list)
    return taken
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

function sumOf(changes: readonly Change[]): number {
  return changes.reduce((sum, { by }) => sum + by, 0)
}

// The casts below are proven by the schema: the table is STRICT.

function storedRowOf(row: Record<string, SQLOutputValue>): Row {
  return {
    list: row['list'] as number,
    whole: row['whole'] as number,
    times: storedTimesOf(row),
    text: row['text'] as string | null,
    isWaiting: row['waits_for'] !== null,
  }
}
