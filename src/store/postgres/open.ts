import type { Clock } from '../../clock.ts'
import { AuditWriter, type AuditWriterOptions } from '../audit-writer.ts'
import type { Store } from '../store.ts'
import { ownAuditKey } from './audit-chain-table.ts'
import { ChangeListener } from './change-listener.ts'
import { Database } from './database.ts'
import { parseLocation } from './location.ts'
import { migrate } from './migrate.ts'
import { PostgresStore } from './postgres-store.ts'

/**
 * Opens the store in a schema of a PostgreSQL database, making the schema if it is not there yet.
 *
 * @throws {CarabinerError} USAGE when the URL is not one of PostgreSQL; STORE_UNAVAILABLE when it cannot be opened, or is not a store of this version
 */
export async function openPostgres(
  url: string,
  clock: Clock,
  audit: AuditWriterOptions,
): Promise<Store> {
  const database = new Database(parseLocation(url), clock)
  const changes = new ChangeListener(database, clock)
  try {
    const identity = await migrate(database)
    await changes.start()
    const writer = new AuditWriter(audit, await ownAuditKey(database))
    return new PostgresStore(database, changes, identity, clock, writer)
  } catch (error) {
    changes[Symbol.dispose]()
    await database[Symbol.asyncDispose]()
    throw error
  }
}
