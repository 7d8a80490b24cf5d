import { mkdirSync, realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../../clock.ts'
import { CarabinerError } from '../../errors.ts'
import { storeUnavailable } from '../unavailable.ts'
import { isNotADatabase } from './failure.ts'
import { syncFolders } from './folder-sync.ts'
import { untilUnlocked } from './lock.ts'
import { applicationId, migrate, pragma, schemaVersion, storedVersion } from './migrations.ts'

/** Milliseconds a statement itself waits for a lock, holding up the event loop; whoever can wait longer uses `untilUnlocked`. */
const statementWaitMs = 10
/**
 * Pages in the write-ahead log (of 4 KiB) from which a commit moves them into the file, while everything waits. Most are written again before that, so that
 * fewer come into the file the longer the log gets; so does what one commit waits for when they are spread over a large file.
 */
const checkpointPages = 4000
/** Bytes to which the write-ahead log is cut back when a long read had let it grow. */
const longestLogBytes = 64 * 1024 * 1024
/** KiB of pages kept in memory: the ends of all indexes, and what is claimed again. */
const cacheKib = 16 * 1024

/**
 * Opens the SQLite file of a store, with its folder and its schema if they are not there yet.
 *
 * Several processes may do this at once: one of them makes the schema, the others wait for it.
 *
 * @throws {CarabinerError} STORE_UNAVAILABLE when it cannot be opened, is not a carabiner store, or a newer one
 */
export async function openDatabase(path: string, clock: Clock): Promise<DatabaseSync> {
  try {
    return await untilUnlocked(clock, () => prepare(path))
  } catch (error) {
    if (error instanceof CarabinerError) throw error
    const what = isNotADatabase(error) ? 'is not a SQLite database' : 'cannot be opened as a store'
    throw storeUnavailable(`${path} ${what}`, error)
  }
}

function prepare(path: string): DatabaseSync {
  const firstMade = makeFolders(dirname(path))
  const database = new DatabaseSync(path, {
    timeout: statementWaitMs,
    enableForeignKeyConstraints: false,
  })
  try {
    refuseForeign(database, path)
    database.exec('PRAGMA journal_mode = WAL')
    database.exec('PRAGMA synchronous = FULL')
    database.exec(`PRAGMA wal_autocheckpoint = ${checkpointPages}`)
    database.exec(`PRAGMA journal_size_limit = ${longestLogBytes}`)
    database.exec(`PRAGMA cache_size = -${cacheKib}`)
    migrate(database)
    // What a process left in the log that was killed, or refused by the disk, gets into the file, and the log begins anew.
    database.exec('PRAGMA wal_checkpoint(PASSIVE)')
    syncFolders(database.location() ?? path, firstMade && realpathSync(firstMade))
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/**
 * Makes a folder, and those above it that are missing.
 *
 * Not with `recursive`: Node tries for ever where a file system takes no folders and says that the one above is missing (`/proc`).
 *
 * @returns the first that was made; `undefined`: all were there
 */
function makeFolders(path: string): string | undefined {
  if (isFolder(path)) return undefined
  const first = makeFolders(dirname(path))
  try {
    mkdirSync(path)
  } catch (error) {
    // Another process may have made it meanwhile.
    if (!isFolder(path)) throw error
  }
  return first ?? path
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

function refuseForeign(database: DatabaseSync, path: string): void {
  const foreign = foreignness(database)
  if (foreign !== undefined) throw storeUnavailable(`${path} ${foreign}`)
}

function foreignness(database: DatabaseSync): string | undefined {
  const tables = database.prepare('SELECT count(*) AS number FROM sqlite_schema').get()?.['number']
  if (tables === 0) return undefined
  if (pragma(database, 'application_id') !== applicationId) {
    return 'is a SQLite database of another program'
  }
  const version = storedVersion(database)
  if (version <= schemaVersion) return undefined
  return `was written by a newer carabiner (schema ${version}, this one knows ${schemaVersion}): update carabiner`
}
