// The databases of all contenders, started on the cores that are not the system's. They end with this process.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { createRequire } from 'node:module'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { type TestPostgres, testPostgres } from '../../helpers/postgres.ts'
import { answerCalls } from './calls.ts'

export interface ServicesCalls {
  /** The URL of a new, empty database. */
  database(): Promise<string>
  /** Brings a database to rest: statistics as they are, nothing left to be written. */
  rest(url: string): Promise<void>
  dropDatabase(url: string): Promise<void>
  /** The URL of a Redis with nothing in it, or what is missing for one. */
  redis(): Promise<{ readonly url?: string; readonly missing?: string }>
}

/** Every contender on PostgreSQL gets these. A commit waits for the disk; a checkpoint does not fall into a run. */
const settings = ['shared_buffers = 512MB', 'max_wal_size = 8GB', 'checkpoint_timeout = 30min']

let postgres: TestPostgres | undefined
let redis: Promise<RedisServer> | undefined

answerCalls<ServicesCalls>(
  {
    database() {
      postgres ??= testPostgres({ fsync: true, settings })
      return postgres.emptyDatabase()
    },
    async rest(url) {
      await query(url, 'VACUUM ANALYZE')
      await query(url, 'CHECKPOINT')
    },
    async dropDatabase(url) {
      const name = new URL(url).pathname.slice(1)
      const other = new URL(url)
      other.pathname = '/postgres'
      await query(other.href, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    },
    async redis() {
      const missing = missingForRedis()
      if (missing !== undefined) return { missing }
      redis ??= startRedis()
      const { url } = await redis
      await flushed(url)
      return { url }
    },
  },
  async () => {
    await postgres?.[Symbol.asyncDispose]()
    await (await redis)?.end()
  },
)

async function query(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

/** BullMQ brings no driver of its own. */
function missingForRedis(): string | undefined {
  if (spawnSync('redis-server', ['--version']).status !== 0) return 'redis-server is not installed'
  try {
    createRequire(import.meta.resolve('bullmq')).resolve('ioredis')
    return undefined
  } catch {
    return 'the package ioredis is not installed'
  }
}

interface RedisServer {
  readonly url: string
  end(): Promise<void>
}

/** As BullMQ's manual has it for production: an append-only file, synced every second, nothing evicted. */
async function startRedis(): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'carabiner-redis-'))
  const port = await freePort()
  const options = `--port ${port} --bind 127.0.0.1 --dir "$0" --save "" --appendonly yes --appendfsync everysec --maxmemory-policy noeviction`
  // The shell reads until this process lets go of its end, however it does, and takes the server with it.
  const script = `redis-server ${options} >/dev/null & server=$!; read -r _; kill "$server"; wait "$server"; rm -rf "$0"`
  const shell = spawn('/bin/sh', ['-c', script, folder], { stdio: ['pipe', 'ignore', 'inherit'] })
  const url = `redis://127.0.0.1:${port}`
  await answering(url)
  return { url, end: () => ended(shell) }
}

async function ended(shell: ChildProcess): Promise<void> {
  const gone = once(shell, 'exit')
  shell.stdin?.end()
  await gone
}

async function answering(url: string): Promise<void> {
  const giveUpAt = performance.now() + 10_000
  for (;;) {
    try {
      await flushed(url)
      return
    } catch (error) {
      if (performance.now() > giveUpAt) throw error
      await sleep(50)
    }
  }
}

async function flushed(url: string): Promise<void> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  try {
    socket.write('FLUSHALL\r\n')
    const [said] = await once(socket, 'data')
    if (!String(said).startsWith('+OK')) throw new Error(`redis said ${said}`)
  } finally {
    socket.destroy()
  }
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
