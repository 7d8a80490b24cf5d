import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { storeUnavailable } from '../unavailable.ts'

/** What commits are written to. */
export interface Log extends Disposable {
  /** Brings all that was committed before the call to the disk. */
  sync(): Promise<void>
}

/**
 * Takes over from SQLite to sync the write-ahead log after each commit.
 *
 * With `synchronous = FULL` SQLite does it within COMMIT, and the event loop stands still until the disk is done. With NORMAL it leaves that to
 * us, and goes on to sync what keeps the file whole: the log before a checkpoint, the file after it, the header of a log that begins anew
 * (https://sqlite.org/pragma.html#pragma_synchronous).
 *
 * A file that cannot have such a log, because its file system has no shared memory, stays with FULL.
 *
 * @throws {CarabinerError} STORE_UNAVAILABLE when the log cannot be opened and synced; the database is closed then
 */
export function openLog(database: DatabaseSync): Log {
  const mode = database.prepare('PRAGMA journal_mode').get()?.['journal_mode']
  if (mode !== 'wal') return syncedByCommit
  try {
    const log = new LogFile(`${database.location()}-wal`)
    database.exec('PRAGMA synchronous = NORMAL')
    return log
  } catch (error) {
    database.close()
    throw storeUnavailable('the log of the store cannot be synced', error)
  }
}

/** The log of a database whose commits are on the disk when they are over: `synchronous = FULL`. */
export const syncedByCommit: Log = {
  async sync() {},
  [Symbol.dispose]() {},
}

/**
 * The log of a connection that has read already, which is when SQLite opens it.
 *
 * It stays the same file as long as the connection is open: a log that begins anew, or is cut, is written from its start; only the last
 * connection that closes removes it. A sync through any descriptor covers the whole file, whoever has written to it. SQLite keeps its locks on the
 * database and on `-shm`, never on the log, so closing this descriptor gives up none of them.
 */
class LogFile implements Log {
  #descriptor: number | undefined

  constructor(path: string) {
    // Windows syncs only what may be written.
    const descriptor = openSync(path, 'r+')
    this.#descriptor = descriptor
    fdatasyncSync(descriptor)
  }

  sync(): Promise<void> {
    const descriptor = this.#descriptor
    if (descriptor === undefined) return Promise.reject(storeUnavailable('the store is closed'))
    return new Promise((resolve, reject) => {
      fdatasync(descriptor, (error) => {
        if (error === null) resolve()
        else reject(error)
      })
    })
  }

  [Symbol.dispose](): void {
    const descriptor = this.#descriptor
    this.#descriptor = undefined
    // Another file may have its number later.
    if (descriptor !== undefined) closeSync(descriptor)
  }
}
