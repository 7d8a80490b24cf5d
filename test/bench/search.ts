/** What a page of a list costs with a million events, beside ten thousand. Run by `npm run bench -- search`. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mostCounted } from '../../plugins/ingress/books/event-book.ts'
import { noon } from '../../src/store/contract/makers.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { RecordListQuery } from '../../src/store/record-list.ts'
import type { RecordPut, RecordWrite } from '../../src/store/records.ts'
import type { Store } from '../../src/store/store.ts'
import { connect, testPostgres } from '../helpers/postgres.ts'
import { type BenchRow, type DetailedBench, median, type Promised } from './bench.ts'
import { scale } from './delivery/scale.ts'

const few = 10_000
/** Milliseconds between two events. */
const interval = 2_600
const loadBatch = 500
const ingests = 6_000
/** Events that are received at the same time. */
const together = 30
const { rounds, million } = scale

const promised: Promised = { floor: 5, goal: 2 }

export const searchBench: DetailedBench = {
  title: 'Lists',
  question: `What does a page of 20 events with its total (of a search by subject, up to ${mostCounted.toLocaleString('en')}) cost with ${million.toLocaleString('en')} events, beside ${few.toLocaleString('en')} (one each 2.6 s, of 9 providers, 60 event types, mostly processed)? And what does the list add to an ingest: one put and two patches, ${together} at once?`,
  moreIsBetter: false,
  async run() {
    const sqlite = await onSqlite()
    const postgres = await onPostgres()
    return { rows: [...sqlite, ...postgres], remarks }
  },
}

const remarks =
  'A search by subject costs what contains it, some tenths of a microsecond for each that is counted, and no more than 1,000 are: what half of all events contain is promised like the rest. Not promised is what has to look at far more texts than it finds: on SQLite what one in ten or fewer contain, in a rare status (5 to 15 ms), or only the oldest, of a provider. Pages far from the first are found by walking there. Everything else gets its turn meanwhile.'

async function onSqlite(): Promise<readonly BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'carabiner-bench-'))
  try {
    let made = 0
    return await measured('SQLite', async () => {
      made += 1
      return openStore(`sqlite:${join(folder, `${made}.db`)}`)
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function onPostgres(): Promise<readonly BenchRow[]> {
  await using server = testPostgres({
    fsync: true,
    settings: ['shared_buffers = 512MB', 'max_wal_size = 8GB', 'checkpoint_timeout = 30min'],
  })
  const urls: string[] = []
  const open = async (): Promise<Store> => {
    const url = await server.database()
    urls.push(url)
    return openStore(url)
  }
  const rest = async (): Promise<void> => {
    for (const url of urls) {
      await using client = await connect(url)
      await client.query('VACUUM ANALYZE')
    }
  }
  return await measured('PostgreSQL', open, rest)
}

async function measured(
  name: string,
  open: () => Promise<Store>,
  rest: () => Promise<void> = () => Promise.resolve(),
): Promise<readonly BenchRow[]> {
  const writing = await ingestCost(name, open)
  await using small = await open()
  await using large = await open()
  await load(small, few)
  await load(large, million)
  await rest()
  const rows: BenchRow[] = [writing]
  for (const [what, asked] of Object.entries(queries))
    rows.push(await pageCost(name, what, asked, small, large))
  return rows
}

interface Asked extends Partial<Omit<RecordListQuery, 'range' | 'text'>> {
  /** Shares of all the time there is. */
  readonly within?: readonly [number, number]
  /** The text of one event, by its share of all. */
  readonly one?: number
  readonly text?: string
}

const newest = { by: 'receivedAt', direction: 'descending' } as const

const queries: Readonly<Record<string, Asked>> = {
  'no filter': {},
  provider: { facets: { provider: 'p3' } },
  'status, of most': { facets: { status: 'processed' } },
  'status, of few': { facets: { status: 'failed' } },
  'event type': { facets: { eventType: 'type.40' } },
  'provider, status and event type': {
    facets: { provider: 'p3', status: 'failed', eventType: 'type.39' },
  },
  'a day, by another time': { within: [0.5, 0.51] },
  'all but the newest, by another time': { within: [0, 0.9] },
  'the oldest third, of a provider': { within: [0, 0.33], facets: { provider: 'p3' } },
  'the oldest third, of a status': { within: [0, 0.33], facets: { status: 'processed' } },
  'oldest first': { order: { by: 'receivedAt', direction: 'ascending' } },
  'by occurrence': { order: { by: 'occurredAt', direction: 'descending' } },
  'by occurrence, within a third': {
    order: { by: 'occurredAt', direction: 'ascending' },
    within: [0.3, 0.6],
  },
  'by status, up': { order: { by: 'status', thenBy: 'receivedAt', direction: 'ascending' } },
  'by status, down': { order: { by: 'status', thenBy: 'receivedAt', direction: 'descending' } },
  'by status, of a provider': {
    order: { by: 'status', thenBy: 'receivedAt', direction: 'ascending' },
    facets: { provider: 'p3' },
  },
  'subject, of one': { one: 0.7 },
  'subject, of one, of a status': { one: 0.7, facets: { status: 'processed' } },
  'subject, of one in a hundred': { text: '-12' },
  'subject, of one in a hundred, of a status': { text: '-12', facets: { status: 'processed' } },
  'subject, of one in a hundred, within most': { text: '-12', within: [0, 0.9] },
  'subject, of half': { text: '1' },
  'subject, of half, of a status': { text: '1', facets: { status: 'processed' } },
  'subject, of half, of a rare status': { text: '1', facets: { status: 'failed' } },
  'subject, of half, within most': { text: '1', within: [0, 0.9] },
  'subject, of half, by status': {
    text: '1',
    order: { by: 'status', thenBy: 'receivedAt', direction: 'ascending' },
  },
  'subject, of all': { text: 'order' },
  'subject, of a tenth': { text: '-eu' },
  'subject, of a tenth, the oldest': { text: '-1' },
  'subject, of a tenth, the oldest, of a status': { text: '-1', facets: { status: 'processed' } },
  'subject, of a tenth, the oldest, within most': { text: '-1', within: [0, 0.9] },
  'subject, of a tenth, the oldest, by more letters': { text: 'er-1' },
  'subject, of a tenth, the newest, oldest first': {
    text: '-9',
    order: { by: 'receivedAt', direction: 'ascending' },
  },
  'subject, of a tenth, the oldest, of a rare status': { text: '-1', facets: { status: 'failed' } },
  'subject, of a tenth, the oldest, of a provider': { text: '-1', facets: { provider: 'p3' } },
  'subject, of all, of a rare status': { text: 'order', facets: { status: 'failed' } },
  'subject, of a tenth, of a rare status': { text: '-eu', facets: { status: 'failed' } },
  'subject, of one in a hundred, of a rare status': { text: '-12', facets: { status: 'failed' } },
  'subject, of one in thirty, by two letters': { text: '77' },
  'page 500': { offset: 9_980 },
}

const unpromised: ReadonlySet<string> = new Set([
  'SQLite: subject, of a tenth, the oldest, of a rare status',
  'SQLite: subject, of one in a hundred, of a rare status',
  'SQLite: subject, of a tenth, the oldest, of a provider',
  'SQLite: subject, of a tenth, of a rare status',
  'SQLite: page 500',
  'PostgreSQL: page 500',
])

async function pageCost(
  store: string,
  what: string,
  asked: Asked,
  small: Store,
  large: Store,
): Promise<BenchRow> {
  const ours: number[] = []
  const theirs: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    theirs.push(await pageTime(small, queryOf(asked, few)))
    ours.push(await pageTime(large, queryOf(asked, million)))
  }
  const peer = few.toLocaleString('en')
  const name = `${store}: ${what}`
  return {
    name,
    unit: 'ms',
    ours: median(ours),
    peers: { [peer]: median(theirs) },
    ...(!unpromised.has(name) && { promises: { [peer]: promised } }),
  }
}

/** The median of some pages, in milliseconds. */
async function pageTime(store: Store, query: RecordListQuery): Promise<number> {
  const times: number[] = []
  for (let page = 0; page < 5; page += 1) {
    const start = performance.now()
    const { records, total } = await store.listRecords(query)
    times.push(performance.now() - start)
    if (records.length === 0 || total === 0) throw new TypeError('nothing was found')
  }
  return median(times)
}

function queryOf({ within, one, text, ...asked }: Asked, count: number): RecordListQuery {
  const at = (share: number): number => noon + Math.floor(share * count) * interval
  const sought = one === undefined ? text : `ORDER-${Math.floor(one * count)}`
  return {
    collection: 'ingress/events',
    order: newest,
    offset: 0,
    limit: 20,
    content: false,
    ...asked,
    ...(within && { range: { time: 'occurredAt', from: at(within[0]), to: at(within[1]) } }),
    ...(sought !== undefined && { text: sought, countTo: mostCounted }),
  }
}

async function load(store: Store, count: number): Promise<void> {
  const random = randomNumbers()
  for (let done = 0; done < count; done += loadBatch) {
    const puts = Array.from({ length: Math.min(loadBatch, count - done) }, (_, index) =>
      anEvent(done + index, random, statusOf(random())),
    )
    await store.writeRecords(puts)
  }
}

/** Microseconds that an ingest takes, with its list and without. */
async function ingestCost(name: string, open: () => Promise<Store>): Promise<BenchRow> {
  await using listed = await open()
  await using bare = await open()
  const ours: number[] = []
  const theirs: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    ours.push(await ingestTime(listed, round, (put) => put))
    theirs.push(await ingestTime(bare, round, withoutList))
  }
  return {
    name: `${name}: an ingest, ${together} at once`,
    unit: 'µs',
    ours: median(ours),
    peers: { 'without a list': median(theirs) },
  }
}

async function ingestTime(
  store: Store,
  round: number,
  as: <T extends RecordWrite>(write: T) => T,
): Promise<number> {
  const random = randomNumbers(round)
  const start = performance.now()
  for (let done = 0; done < ingests; done += together) {
    const events = Array.from({ length: together }, (_, index) =>
      anEvent(round * ingests + done + index, random, 'pending'),
    )
    await atOnce(store, events.map(as))
    await atOnce(
      store,
      events.map(({ id }) => as(aMove(id, 'processing'))),
    )
    await atOnce(
      store,
      events.map(({ id }) => as(aMove(id, statusOf(random())))),
    )
  }
  return ((performance.now() - start) * 1_000) / ingests
}

async function atOnce(store: Store, writes: readonly RecordWrite[]): Promise<void> {
  await Promise.all(writes.map((write) => store.writeRecords([write])))
}

function withoutList<T extends RecordWrite>(write: T): T {
  const { listed: _, facets: __, ...rest } = { listed: undefined, facets: undefined, ...write }
  // A write without what need not be given is a write of the same kind.
  return rest as unknown as T
}

function anEvent(index: number, random: () => number, status: string): RecordPut {
  const id = `01900000-0000-7000-8000-${String(index).padStart(12, '0')}`
  const type = Math.floor(Math.sqrt(random()) * 60)
  const provider = `p${type % 9}`
  const facets = { provider, eventType: `type.${type}`, status }
  const receivedAt = noon + index * interval
  const occurredAt = receivedAt - Math.floor(random() * random() * 60_000)
  const subject = `order-${index}${random() < 0.1 ? '-eu' : ''}`
  return {
    kind: 'put',
    collection: 'ingress/events',
    id,
    value: { id, ...facets, subject, receivedAt, occurredAt, filler: 'x'.repeat(250) },
    listed: { facets, times: { receivedAt, occurredAt }, text: subject },
  }
}

function aMove(id: string, status: string): RecordWrite {
  const set = { status }
  return { kind: 'patch', collection: 'ingress/events', id, set, facets: { status } }
}

function statusOf(share: number): string {
  const others = ['failed', 'cancelled', 'retrying', 'pending', 'processing']
  return share < 0.9 ? 'processed' : (others[Math.floor((share - 0.9) * 50)] ?? 'failed')
}

/** The same each time. */
function randomNumbers(seed = 7): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
