import type { Client } from 'pg'
import { CarabinerError } from '../../errors.ts'
import { storeUnavailable } from '../unavailable.ts'
import type { Database } from './database.ts'
import { migrationsSince, routines, schemaVersion } from './schema.ts'

/** The oldest server whose SQL this is (`server_version_num`). */
const oldestServer = 130_000
/** How long another process may take to make the schema. */
const lockWait = '60s'

/** What identifies a store, whatever the address it is reached at. */
export interface StoreIdentity {
  readonly id: string
}

/**
 * Makes the schema, or brings it up to date, in one transaction, whichever process comes first.
 *
 * @throws {CarabinerError} STORE_UNAVAILABLE when the server cannot be reached or is too old, or the schema is another program's or a newer one
 */
export async function migrate(database: Database): Promise<StoreIdentity> {
  const client = database.client()
  // Whoever awaits the statement that it breaks is told.
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await prepare(client, database)
  } catch (error) {
    if (error instanceof CarabinerError) throw error
    throw storeUnavailable(`${database.shown} cannot be opened as a store`, error)
  } finally {
    await client.end().catch(() => undefined) // it is not needed any more, whatever it says
  }
}

async function prepare(client: Client, { schema, shown }: Database): Promise<StoreIdentity> {
  await refuseServer(client, shown)
  const current = await storedIn(client, schema)
  if (current?.version === schemaVersion) return current

  await client.query('BEGIN')
  await client.query(`SET LOCAL lock_timeout = '${lockWait}'`)
  await client.query(`SELECT pg_advisory_xact_lock(hashtext('carabiner ${schema} schema'), 0)`)
  const stored = await applyMissing(client, schema, shown)
  await client.query('COMMIT')
  return stored
}

async function refuseServer(client: Client, shown: string): Promise<void> {
  const { rows } = await client.query<{ version: number; encoding: string }>(
    `SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding`,
  )
  const [server] = rows
  if (server === undefined || server.version < oldestServer) {
    throw storeUnavailable(`${shown} is older than PostgreSQL 13`)
  }
  if (server.encoding !== 'UTF8') {
    throw storeUnavailable(`${shown} has the encoding ${server.encoding}: a store needs UTF8`)
  }
}

async function applyMissing(client: Client, schema: string, shown: string): Promise<StoreIdentity> {
  const stored = await storedIn(client, schema)
  const seen = stored?.version ?? 0
  if (seen > schemaVersion) {
    throw storeUnavailable(
      `${shown} was written by a newer carabiner (schema ${seen}, this one knows ${schemaVersion}): update carabiner`,
    )
  }
  if (stored === undefined) await makeSchema(client, schema, shown)
  if (seen < schemaVersion) {
    for (const migration of migrationsSince(seen, schema)) await client.query(migration)
    await client.query(routines(schema))
    await client.query(`UPDATE ${schema}.carabiner_store SET version = $1`, [schemaVersion])
  }
  return stored ?? identityIn(client, schema)
}

async function makeSchema(client: Client, schema: string, shown: string): Promise<void> {
  const { rowCount } = await client.query(
    'SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = $1 LIMIT 1',
    [schema],
  )
  if (rowCount !== 0) throw storeUnavailable(`${shown} is a schema of another program`)
  // Asked first: a role that may use the schema need not be one that may make it.
  const { rowCount: found } = await client.query('SELECT FROM pg_namespace WHERE nspname = $1', [
    schema,
  ])
  if (found === 0) await client.query(`CREATE SCHEMA ${schema}`)
  await client.query(`
    CREATE TABLE ${schema}.carabiner_store (
      id uuid NOT NULL DEFAULT gen_random_uuid(),
      version integer NOT NULL,
      probed_at timestamptz
    );
    INSERT INTO ${schema}.carabiner_store (version) VALUES (0)`)
}

async function storedIn(
  client: Client,
  schema: string,
): Promise<(StoreIdentity & { readonly version: number }) | undefined> {
  // Not `to_regclass`, which may still believe what was so before the lock was waited for.
  const { rowCount } = await client.query(
    `SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relname = 'carabiner_store'`,
    [schema],
  )
  return rowCount === 0 ? undefined : identityIn(client, schema)
}

async function identityIn(
  client: Client,
  schema: string,
): Promise<StoreIdentity & { readonly version: number }> {
  const { rows } = await client.query<{ id: string; version: number }>(
    `SELECT id, version FROM ${schema}.carabiner_store`,
  )
  const [identity] = rows
  if (identity === undefined) {
    throw storeUnavailable(`${schema}.carabiner_store is empty: the store cannot be told apart`)
  }
  return identity
}
