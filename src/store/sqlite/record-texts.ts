import type { DatabaseSync } from 'node:sqlite'
import { storedTimesOf } from './record-line.ts'
import { documentOf } from './record-parts.ts'

import type { RecordZones } from './record-zones.ts'

/** A text that a record is found by, the list of all that are found with it, and its times there. */
interface ListedText {
  readonly whole: number
  readonly times: readonly number[]
  readonly text: string | null
}

/**
 * The full-text index of what records are listed with.
 *
 * Texts of new records get into it many at once: one transaction each would cost ten times as much. Whoever searches reads those that are not in it yet.
 */
export interface RecordTexts {
  /** A transaction begins; what the one before it has left open was undone. */
  begin(): void
  /** A record that is listed from now on. */
  add(seq: number, listed: ListedText): void
  /** A record that is listed otherwise; `null`: no longer. */
  replace(seq: number, before: ListedText, after: ListedText | null): void
  /** Takes texts out of the index as if they had never been there; from what is only marked as deleted, their parts could still be read. */
  erase(listed: readonly (Omit<ListedText, 'times'> & { readonly seq: number })[]): void
  /** The transaction is about to be committed. */
  finish(): void
}

/** Characters of texts that are not in the index, from which on they get into it. */
const enoughCharacters = 4096
/** Characters that get into it in one transaction at most: everything else waits meanwhile. */
const mostCharacters = 4 * enoughCharacters

/** The last row that was put into the index: those behind it are not in it. */
const selectIndexed = 'SELECT seq FROM record_parts_end'

const selectRest = `
  SELECT seq, whole, time_0, time_1, time_2, text FROM record_listings WHERE seq > ? AND text <> '' ORDER BY seq`

const measureRest = `
  SELECT coalesce(sum(length(text)), 0) AS characters FROM record_listings WHERE seq > ?`

/** The number is part of the text: what is bound is a number with a fraction to SQLite, which the index refuses. */
function setSecureDelete(isOn: 0 | 1): string {
  return `INSERT INTO record_parts (record_parts, rank) VALUES ('secure-delete', ${isOn})`
}

export function recordTexts(database: DatabaseSync, zones: RecordZones): RecordTexts {
  const insert = database.prepare('INSERT INTO record_parts (rowid, parts) VALUES (?, ?)')
  const remove = database.prepare(
    `INSERT INTO record_parts (record_parts, rowid, parts) VALUES ('delete', ?, ?)`,
  )
  const deleteSecurely = database.prepare(setSecureDelete(1))
  const deleteQuickly = database.prepare(setSecureDelete(0))
  const selectEnd = database.prepare(selectIndexed)
  const moveEnd = database.prepare('UPDATE record_parts_end SET seq = ?')
  const rest = database.prepare(selectRest)
  const measure = database.prepare(measureRest)
  /** Of this transaction, once it was asked for. */
  let end: number | undefined
  /** Characters that are not in the index, or were not when somebody else put them there; `undefined` before they were counted. */
  let waiting: number | undefined

  return {
    begin() {
      end = undefined
      zones.begin()
    },

    add(seq, listed) {
      if (!listed.text) return
      if (isIndexed(seq)) put(seq, listed)
      else wait(listed.text)
    },

    replace(seq, before, after) {
      if (before.text === (after?.text ?? null) && before.whole === after?.whole) {
        if (after?.text && isMoved(before, after) && isIndexed(seq)) zones.add({ seq, ...after })
      } else if (isIndexed(seq)) {
        if (before.text) remove.run(seq, documentOf(before.whole, before.text))
        if (after?.text) put(seq, after)
        if (before.whole !== after?.whole) zones.leave({ seq, whole: before.whole })
      } else if (after?.text) wait(after.text)
    },

    erase(listed) {
      const indexed = listed.filter(({ seq, text }) => text && isIndexed(seq))
      if (indexed.length === 0) return
      deleteSecurely.run()
      for (const { seq, whole, text } of indexed) remove.run(seq, documentOf(whole, text ?? ''))
      // What was deleted is written now, before it is in force.
      deleteQuickly.run()
      for (const each of indexed) zones.forget(each)
    },

    finish() {
      if (end !== undefined && waiting !== undefined && waiting >= enoughCharacters) {
        index(end)
        zones.learn()
      }
      zones.finish()
    },
  }

  /** New rows are behind the last one, unless that was taken away: theirs are put in at once. */
  function isIndexed(seq: number): boolean {
    // The table is STRICT and has one row.
    end ??= selectEnd.get()?.['seq'] as number
    return seq <= end
  }

  function wait({ length }: string): void {
    waiting ??= Number(measure.get(end ?? 0)?.['characters'])
    waiting += length
  }

  function index(from: number): void {
    let last = from
    let characters = 0
    for (const row of rest.iterate(from)) {
      // The columns are as typed: the table is STRICT.
      const text = row['text'] as string
      last = row['seq'] as number
      put(last, { whole: row['whole'] as number, times: storedTimesOf(row), text })
      characters += text.length
      if (characters >= mostCharacters) break
    }
    moveEnd.run(last)
    waiting = undefined
  }

  function put(seq: number, { whole, times, text }: ListedText): void {
    insert.run(seq, documentOf(whole, text ?? ''))
    zones.add({ seq, whole, times, text })
  }
}

function isMoved(before: ListedText, { times }: ListedText): boolean {
  return before.times.some((time, slot) => time !== times[slot])
}
