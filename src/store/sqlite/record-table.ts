import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { RecordConflictError } from '../../errors.ts'
import type { RecordStamps } from '../record-stamps.ts'
import type { OwnPut, OwnWrite, RecordKeys } from '../record-write.ts'
import type { RecordRemoval } from '../records.ts'
import { limited } from './limit.ts'
import { recordKeys } from './record-keys.ts'
import type { RecordListings } from './record-listings.ts'
import { recordPatches } from './record-patches.ts'

/** What connectors keep: its way in and out. */
export interface RecordTable {
  /** Throws at the first write that cannot be made; whoever calls undoes the others. */
  write(writes: readonly OwnWrite[]): void
  /** Removes at most `limit` records whose time has come. */
  expire(now: number, limit: number): number
}

/** Where a record is, and what it is found under. */
interface Place {
  readonly seq: number
  readonly version: number
  /** JSON of the keys, as they were written. */
  readonly keys: string | null
}

type Stored = Place & Pick<OwnPut, 'collection' | 'id'>

const insertRecord = `
  INSERT INTO records (collection, id, version, value, content, keys, tenant, message_id, expires_at)
  VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?) ON CONFLICT (collection, id) DO NOTHING`

const updateRecord = `
  UPDATE records
  SET version = version + 1, value = ?, content = ?2, erased_at = iif(?2 IS NULL, erased_at, NULL), keys = ?, tenant = ?, message_id = ?, expires_at = ?
  WHERE seq = ?`

export const selectExpired: string = `
  SELECT seq, collection, id, version, keys FROM records INDEXED BY records_expiry
  WHERE expires_at <= ? ORDER BY expires_at ${limited}`

export function recordTable(
  database: DatabaseSync,
  listings: RecordListings,
  stamps: RecordStamps,
): RecordTable {
  const keys = recordKeys(database)
  const patch = recordPatches(database, listings)
  const select = database.prepare(
    'SELECT seq, version, keys FROM records WHERE collection = ? AND id = ?',
  )
  const insert = database.prepare(insertRecord)
  const update = database.prepare(updateRecord)
  const remove = database.prepare('DELETE FROM records WHERE seq = ?')
  const expired = database.prepare(selectExpired)

  return {
    write(writes) {
      for (const each of writes) {
        stamps.touch(each.collection)
        if (each.kind === 'remove') removeOne(each)
        else if (each.kind === 'patch') patch(each)
        else put(each)
      }
    },

    expire(now, limit) {
      const rows = expired.all(now, limit)
      for (const row of rows) removeRow(storedOf(row))
      return rows.length
    },
  }

  function put(record: OwnPut): void {
    // Most records are new: for them, this is all.
    if (typeof record.expects !== 'number' && add(record)) return
    if (record.expects === 'absent') throw new RecordConflictError(record, 'exists')
    const stored = find(record)
    if (stored === undefined || isAnother(record, stored)) {
      throw new RecordConflictError(record, 'version')
    }
    replace(record, stored)
  }

  function add(record: OwnPut): boolean {
    const { collection, id, value, content, tenant, messageId, expiresAt } = record
    const written = jsonOf(record.keys)
    const { changes, lastInsertRowid } = insert.run(
      collection,
      id,
      value,
      content,
      written,
      tenant,
      messageId,
      expiresAt,
    )
    if (changes === 0) return false
    const seq = Number(lastInsertRowid)
    if (written !== null) keys.replace(record, seq, noKeys, record.keys)
    if (record.listed !== null) listings.add({ collection, id, seq }, record.listed)
    return true
  }

  function replace(record: OwnPut, { seq, keys: before }: Place): void {
    const { value, content, tenant, messageId, expiresAt } = record
    const written = jsonOf(record.keys)
    update.run(value, content, written, tenant, messageId, expiresAt, seq)
    if (written !== before) keys.replace(record, seq, keysOf(before), record.keys)
    listings.replace({ collection: record.collection, id: record.id, seq }, record.listed)
  }

  function removeOne(removal: RecordRemoval): void {
    const stored = find(removal)
    if (isAnother(removal, stored)) throw new RecordConflictError(removal, 'version')
    if (stored !== undefined) removeRow({ ...removal, ...stored })
  }

  function removeRow(stored: Stored): void {
    stamps.touch(stored.collection)
    if (stored.keys !== null) keys.replace(stored, stored.seq, keysOf(stored.keys), noKeys)
    listings.replace(stored, null)
    remove.run(stored.seq)
  }

  function find({ collection, id }: Pick<OwnPut, 'collection' | 'id'>): Place | undefined {
    const row = select.get(collection, id)
    return row && placeOf(row)
  }
}

function isAnother({ expects }: OwnPut | RecordRemoval, stored: Place | undefined): boolean {
  return typeof expects === 'number' && stored?.version !== expects
}

const noKeys: RecordKeys = { unique: [], entries: [] }

/** `null` for none. Equal keys have equal JSON: they are sorted. */
function jsonOf(keys: RecordKeys): string | null {
  return keys.unique.length + keys.entries.length === 0 ? null : JSON.stringify(keys)
}

// The casts below are proven by the schema: the table is STRICT, and `keys` was written by `jsonOf`.

function keysOf(json: string | null): RecordKeys {
  return json === null ? noKeys : (JSON.parse(json) as RecordKeys)
}

function placeOf(row: Record<string, SQLOutputValue>): Place {
  return {
    seq: row['seq'] as number,
    version: row['version'] as number,
    keys: row['keys'] as string | null,
  }
}

function storedOf(row: Record<string, SQLOutputValue>): Stored {
  return { ...placeOf(row), collection: row['collection'] as string, id: row['id'] as string }
}
