import { isAbsolute } from 'node:path'
import { type Clock, systemClock } from '../clock.ts'
import { CarabinerError } from '../errors.ts'
import type { AuditWriterOptions } from './audit-writer.ts'
import { MemoryStore } from './memory/memory-store.ts'
import { openDatabase } from './sqlite/database.ts'
import { openLog } from './sqlite/log-file.ts'
import { SqliteStore } from './sqlite/sqlite-store.ts'
import type { Store } from './store.ts'
import { storeUnavailable } from './unavailable.ts'

export interface OpenStoreOptions {
  /** @defaultValue {@link systemClock} */
  readonly clock?: Clock
  /** Who writes its audit trail, and with which keys it is signed. @defaultValue the writer `carabiner`, the key that the store has made */
  readonly audit?: AuditWriterOptions
}

/**
 * Opens a store by its URL: `memory:`, `sqlite:/absolute/path` or `postgres://user:password@host:port/database?schema=name`.
 * Folder, file and schema are made when they are missing.
 *
 * @throws {CarabinerError} USAGE when the URL is not one of these; STORE_UNAVAILABLE when the store cannot be opened,
 * is not a carabiner store, or was written by a newer carabiner
 */
export async function openStore(url: string, options: OpenStoreOptions = {}): Promise<Store> {
  const { clock = systemClock, audit = {} } = options
  if (url === 'memory:') return new MemoryStore(clock, audit)
  if (url.startsWith('sqlite:')) return openSqlite(url.slice('sqlite:'.length), clock, audit)
  if (/^postgres(ql)?:/.test(url)) {
    // Loaded only by those who use it.
    const { openPostgres } = await import('./postgres/open.ts')
    return openPostgres(url, clock, audit)
  }
  throw new CarabinerError(
    'USAGE',
    `a store is memory:, sqlite:/absolute/path or postgres://…, got ${shown(url)}`,
  )
}

/**
 * Opens the store of a host from another process, to look at or change its rows while the host runs, or does not.
 *
 * @throws {CarabinerError} STORE_UNAVAILABLE for `memory:`, whose rows no other process sees; otherwise as `openStore` of the host
 * @example
 * ```ts
 * import { openStore } from 'carabiner'
 *
 * await using store = await openStore('sqlite:/var/lib/carabiner/carabiner.db')
 * const { rows } = await store.deliveries({ state: 'dead' })
 * ```
 */
export async function openSharedStore(url: string, options?: OpenStoreOptions): Promise<Store> {
  if (url !== 'memory:') return openStore(url, options)
  throw storeUnavailable('the memory: store ends with its process; use sqlite: or postgres:')
}

async function openSqlite(path: string, clock: Clock, audit: AuditWriterOptions): Promise<Store> {
  if (!isAbsolute(path)) {
    throw new CarabinerError(
      'USAGE',
      `sqlite: takes an absolute path (sqlite:/…), got sqlite:${path}`,
    )
  }
  const database = await openDatabase(path, clock)
  return new SqliteStore(database, path, clock, openLog(database), audit)
}

/** A URL may carry a password: only what it begins with is shown. */
function shown(url: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(url)
  return scheme === null ? 'a text without a scheme' : scheme[0]
}
