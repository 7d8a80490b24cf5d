import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { emptySignature, sign, type TextSignature, unite } from './text-signature.ts'

/** A record with a text that is in the full-text index. */
interface ZonedText {
  readonly seq: number
  readonly whole: number
  readonly times: readonly number[]
  readonly text: string | null
}

/**
 * What texts and times there are in zones: rows of a whole list, by so many numbers each.
 *
 * Rows come in the order of their times, mostly, so that a zone has few of all times. What was taken away may still be told of, what is there never is not.
 */
export interface RecordZones {
  /** A transaction begins; what the one before it has left open was undone. */
  begin(): void
  add(row: ZonedText): void
  /** A text is to leave no trace. */
  forget(row: Pick<ZonedText, 'seq' | 'whole'>): void
  /** A record is gone. */
  leave(row: Pick<ZonedText, 'seq' | 'whole'>): void
  /** Reads what some zones contain of which that is not known. */
  learn(): void
  /** The transaction is about to be committed. */
  finish(): void
}

interface Place {
  readonly whole: number
  readonly zone: number
}

/** What has come into a zone. */
interface Addition extends Place {
  readonly low: number[]
  readonly high: number[]
  readonly signature: TextSignature
}

/** Numbers of a zone: what a search reads in a fraction of a millisecond. */
export const zoneRows = 2_048
/** Zones that are read in one transaction: everything else waits meanwhile. */
const learned = 2

const selectSignature = 'SELECT signature FROM record_zones WHERE whole = ? AND zone = ?'

/** A time that there is not is NULL in all rows of a whole list. */
const widen = `
  INSERT INTO record_zones (whole, zone, low_0, high_0, low_1, high_1, low_2, high_2, signature) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (whole, zone) DO UPDATE SET low_0 = min(low_0, excluded.low_0), high_0 = max(high_0, excluded.high_0),
    low_1 = min(low_1, excluded.low_1), high_1 = max(high_1, excluded.high_1),
    low_2 = min(low_2, excluded.low_2), high_2 = max(high_2, excluded.high_2), signature = excluded.signature`

const forgetTexts = 'UPDATE record_zones SET signature = NULL WHERE whole = ? AND zone = ?'

const removeEmpty = `
  DELETE FROM record_zones WHERE whole = ?1 AND zone = ?2
  AND NOT EXISTS (SELECT 1 FROM record_listings WHERE seq >= ?3 AND seq < ?4 AND whole = ?1)`

const selectUnsigned = `
  SELECT whole, zone FROM record_zones INDEXED BY record_zones_unsigned WHERE signature IS NULL LIMIT ${learned}`

export const selectZoneTexts = `
  SELECT text FROM record_listings WHERE seq >= ? AND seq < ? AND whole = ? AND text <> ''`

const setSignature = 'UPDATE record_zones SET signature = ? WHERE whole = ? AND zone = ?'

export function recordZones(database: DatabaseSync): RecordZones {
  const signatureOf = database.prepare(selectSignature)
  const upsert = database.prepare(widen)
  const clear = database.prepare(forgetTexts)
  const remove = database.prepare(removeEmpty)
  const unsigned = database.prepare(selectUnsigned)
  const textsOf = database.prepare(selectZoneTexts)
  const setKnown = database.prepare(setSignature)
  const added = new Map<string, Addition>()
  const forgotten = new Map<string, Place>()
  const left = new Map<string, Place>()

  return {
    begin() {
      added.clear()
      forgotten.clear()
      left.clear()
    },

    add({ seq, whole, times, text }) {
      const place = placeOf(whole, seq)
      let addition = added.get(keyOf(place))
      if (addition === undefined) {
        addition = { ...place, low: [...times], high: [...times], signature: emptySignature() }
        added.set(keyOf(place), addition)
      }
      const { low, high, signature } = addition
      for (const [slot, time] of times.entries()) {
        low[slot] = Math.min(low[slot] ?? time, time)
        high[slot] = Math.max(high[slot] ?? time, time)
      }
      sign(signature, text ?? '')
    },

    forget({ seq, whole }) {
      const place = placeOf(whole, seq)
      forgotten.set(keyOf(place), place)
    },

    leave({ seq, whole }) {
      const place = placeOf(whole, seq)
      left.set(keyOf(place), place)
    },

    learn() {
      // The columns are as typed: the table is STRICT.
      for (const row of unsigned.all()) learnZone(row['whole'] as number, row['zone'] as number)
    },

    finish() {
      for (const addition of added.values()) write(addition)
      for (const { whole, zone } of forgotten.values()) clear.run(whole, zone)
      for (const { whole, zone } of left.values()) remove.run(whole, zone, ...boundsOf(zone))
      added.clear()
      forgotten.clear()
      left.clear()
    },
  }

  function write({ whole, zone, low, high, signature }: Addition): void {
    const stored = signatureOf.get(whole, zone)
    const before = stored === undefined ? emptySignature() : signatureIn(stored)
    if (before !== null) unite(signature, before)
    const bounds = [0, 1, 2].flatMap((slot) => [low[slot] ?? null, high[slot] ?? null])
    upsert.run(whole, zone, ...bounds, before === null ? null : signature)
  }

  function learnZone(whole: number, zone: number): void {
    const signature = emptySignature()
    // The column is as typed: the table is STRICT, and those without a text are left out.
    for (const row of textsOf.iterate(...boundsOf(zone), whole))
      sign(signature, row['text'] as string)
    setKnown.run(signature, whole, zone)
  }
}

function placeOf(whole: number, seq: number): Place {
  return { whole, zone: Math.floor(seq / zoneRows) }
}

function keyOf({ whole, zone }: Place): string {
  return `${whole} ${zone}`
}

/** The first number of a zone, and that of the next. */
function boundsOf(zone: number): [number, number] {
  return [zone * zoneRows, (zone + 1) * zoneRows]
}

function signatureIn(row: Record<string, SQLOutputValue>): TextSignature | null {
  const { signature } = row
  return signature instanceof Uint8Array ? signature : null
}
