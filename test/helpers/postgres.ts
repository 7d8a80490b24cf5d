import { execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { openStore } from '../../src/store/open-store.ts'
import { type PostgresAccount, postgresAccount, postgresPrograms } from './postgres-programs.ts'

/**
 * A PostgreSQL server for tests, started with the first database that is asked for.
 *
 * `after(() => server[Symbol.asyncDispose]())` ends it; if the process dies first, however it does, the server ends with it.
 */
export interface TestPostgres extends AsyncDisposable {
  /** The URL of a new database that holds an empty store. */
  database(): Promise<string>
  /** The URL of a new database with nothing in it. */
  emptyDatabase(): Promise<string>
  /** Removes every row of a store that nobody has open. */
  emptyStore(url: string): Promise<void>
  /** Ends every connection to a database, as an administrator does. Resolves to how many there were. */
  cutConnections(url: string): Promise<number>
  /** `immediate` is a crash; `fast` rolls back and ends every connection. What is stored is as durable as `fsync` makes it. */
  stop(mode: 'fast' | 'immediate'): Promise<void>
  /** Starts what was stopped, on the same data and port. */
  start(): Promise<void>
  restart(mode: 'fast' | 'immediate'): Promise<void>
}

export interface TestPostgresOptions {
  /** Whether a commit waits for the disk. @defaultValue true */
  readonly fsync?: boolean
  /** Lines for `postgresql.conf`. */
  readonly settings?: readonly string[]
}

interface Server {
  /** Of its `postgres` database, with credentials. */
  readonly url: string
  /** Whether others use it, too: then we leave nothing behind. */
  readonly isShared: boolean
  control(args: readonly string[]): Promise<void>
  end(): Promise<void>
}

const auditTables = ['audit', 'audit_chains', 'audit_rosters']
const recordTables = [
  'records',
  'record_entries',
  'record_unique',
  'record_lists',
  'record_listings',
  'record_places',
  'record_totals',
  'record_spans',
]
const user = 'carabiner'
const password = 'test-password'

/**
 * The server that `CARABINER_TEST_POSTGRES=postgres://…` names, which `npm test` starts for all its files, or one of its own.
 *
 * `CARABINER_TEST_POSTGRES_STORE` may name a database in it that holds an empty store of this version.
 */
export function testPostgres(options: TestPostgresOptions = {}): TestPostgres {
  const named = process.env['CARABINER_TEST_POSTGRES']
  if (named === undefined) return ownPostgres(options)
  return new Databases(async () => namedServer(named), process.env['CARABINER_TEST_POSTGRES_STORE'])
}

/** A server that nobody else uses, for tests that stop it. */
export function ownPostgres(options: TestPostgresOptions = {}): TestPostgres {
  return new Databases(() => startServer(options))
}

class Databases implements TestPostgres {
  readonly #begin: () => Promise<Server>
  readonly #made: string[] = []
  #server: Promise<Server> | undefined
  #template: Promise<string> | undefined

  constructor(begin: () => Promise<Server>, template?: string) {
    this.#begin = begin
    if (template !== undefined) this.#template = Promise.resolve(template)
  }

  async database(): Promise<string> {
    this.#template ??= this.#makeTemplate()
    return this.#create(`TEMPLATE ${await this.#template}`)
  }

  async emptyDatabase(): Promise<string> {
    return this.#create('')
  }

  async emptyStore(url: string): Promise<void> {
    const delivered = [
      'messages',
      'deliveries',
      'leases',
      'attempts',
      'endpoints',
      'rates',
      'hosts',
    ]
    const tables = [...delivered, ...auditTables, 'redeliveries', ...recordTables, 'permits']
    const names = tables.map((table) => `carabiner.${table}`)
    await using client = await connect(url)
    await client.query(names.map((name) => `DELETE FROM ${name}`).join(';'))
  }

  async cutConnections(url: string): Promise<number> {
    const rows = await this.#administer(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1',
      [new URL(url).pathname.slice(1)],
    )
    return rows.length
  }

  async stop(mode: 'fast' | 'immediate'): Promise<void> {
    const server = await this.#started()
    await server.control(['stop', '-m', mode])
  }

  async start(): Promise<void> {
    const server = await this.#started()
    await server.control(['start'])
  }

  async restart(mode: 'fast' | 'immediate'): Promise<void> {
    await this.stop(mode)
    await this.start()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server === undefined) return
    const server = await this.#server
    for (const name of server.isShared ? this.#made : []) {
      await this.#administer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    }
    await server.end()
  }

  #started(): Promise<Server> {
    this.#server ??= this.#begin()
    return this.#server
  }

  async #makeTemplate(): Promise<string> {
    const url = await this.emptyDatabase()
    const store = await openStore(url)
    await store[Symbol.asyncDispose]()
    return new URL(url).pathname.slice(1)
  }

  async #create(how: string): Promise<string> {
    const name = `carabiner_${randomUUID().replaceAll('-', '')}`
    await this.#administer(`CREATE DATABASE ${name} ${how}`)
    this.#made.push(name)
    const url = new URL((await this.#started()).url)
    url.pathname = `/${name}`
    return url.href
  }

  async #administer(sql: string, values: readonly string[] = []): Promise<readonly unknown[]> {
    await using client = await connect((await this.#started()).url)
    return (await client.query(sql, [...values])).rows
  }
}

/** A connection for a test's own look at a database. */
export async function connect(url: string): Promise<Client & AsyncDisposable> {
  const client = new Client({ connectionString: url })
  await client.connect()
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() })
}

function namedServer(url: string): Server {
  return {
    url,
    isShared: true,
    async control() {
      throw new Error('the server of CARABINER_TEST_POSTGRES is not stopped: use ownPostgres()')
    },
    async end() {},
  }
}

async function startServer({ fsync = true, settings = [] }: TestPostgresOptions): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'carabiner-postgres-'))
  const data = join(folder, 'data')
  const account = postgresAccount()
  if (account.uid !== undefined) chownSync(folder, account.uid, account.gid)
  const programs = await postgresPrograms(folder)
  const guard = guardServer(folder, data)

  await makeCluster(folder, data, { programs, account })
  const port = await freePort()
  const lines = [
    `port = ${port}`,
    `listen_addresses = '127.0.0.1'`,
    `unix_socket_directories = ''`,
    `max_connections = 200`,
    `fsync = ${fsync ? 'on' : 'off'}`,
    ...settings,
  ]
  writeFileSync(join(data, 'postgresql.auto.conf'), `${lines.join('\n')}\n`)
  const log = join(folder, 'log')
  const control = (args: readonly string[]): Promise<void> =>
    runControl([...args, '-D', data, '-l', log], { programs, account }, log)
  await control(['start'])

  return {
    url: `postgres://${user}:${password}@127.0.0.1:${port}/postgres`,
    isShared: false,
    control,
    async end() {
      const gone = once(guard, 'exit')
      guard.stdin?.end()
      guard.ref()
      await gone
    },
  }
}

/** The folder of its programs, and the account that runs them. */
interface Installation {
  readonly programs: string
  readonly account: PostgresAccount
}

async function makeCluster(
  folder: string,
  data: string,
  { programs, account }: Installation,
): Promise<void> {
  const secret = join(folder, 'password')
  writeFileSync(secret, password)
  chmodSync(secret, 0o644)
  const flags = ['--auth=password', `--username=${user}`, `--pwfile=${secret}`, '--encoding=UTF8']
  await promisify(execFile)(
    join(programs, 'initdb'),
    [`--pgdata=${data}`, '--locale=C', '--no-sync', ...flags],
    { ...account, cwd: folder, env: { LC_ALL: 'C' } },
  )
}

/** Resolves when it has begun or ended. The server is not a child of this process and keeps nothing of it open. */
async function runControl(
  args: readonly string[],
  { programs, account }: Installation,
  log: string,
): Promise<void> {
  const cwd = dirname(log)
  const options = { ...account, cwd, stdio: 'ignore', env: { LC_ALL: 'C' } } as const
  const [code] = await once(spawn(join(programs, 'pg_ctl'), args, options), 'exit')
  if (code !== 0) throw new Error(`pg_ctl ${args[0]} ended with ${code}: ${readFileSync(log)}`)
}

/**
 * Waits for the end of its standard input, which comes when this process lets go of it or dies, then ends the server and removes its folder.
 */
function guardServer(folder: string, data: string): ReturnType<typeof spawn> {
  const script = `
    read -r _
    pid=$(head -n 1 "$1/postmaster.pid" 2>/dev/null)
    if [ -n "$pid" ]; then
      kill -QUIT "$pid"
      while kill -0 "$pid" 2>/dev/null && [ -e "$1/postmaster.pid" ]; do sleep 0.05; done
    fi
    rm -rf "$0"`
  const guard = spawn('/bin/sh', ['-c', script, folder, data], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  guard.unref()
  if (guard.stdin instanceof Socket) guard.stdin.unref()
  return guard
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port of an IP address')
  return address.port
}
