/** What records cost, alone and beside messages. Run by `npm run bench -- records`, or directly. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { aDelivery, aMessage, delivered, noon } from '../../src/store/contract/makers.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { RecordPut, RecordWrite } from '../../src/store/records.ts'
import type { Store } from '../../src/store/store.ts'
import { type Bench, type BenchRow, markdownOf, median } from './bench.ts'

const rounds = 5
const body = Buffer.alloc(1024, 'x')
const few = 1_000
const many = 1_000_000

export const recordsBench: Bench = {
  title: 'Records',
  question:
    'What do records add to publishing: one lookup and two records with each message (SQLite, FULL)? Do lookups and pages of a collection cost the same with a million records as with a thousand (floor: 1 ÷ 2)? How many endpoints that wait are walked by in a second?',
  moreIsBetter: true,
  async run() {
    return [await publishing(64, 10_000), ...(await reading()), await walking(100_000)]
  },
}

/** As an event is published: who wants it is looked up, and it is stored with its record and an idempotency key. */
async function publishing(callers: number, count: number): Promise<BenchRow> {
  const rates = { ours: [] as number[], bare: [] as number[] }
  for (let round = 0; round < rounds; round += 1) {
    rates.ours.push(await inFolder((path) => publishRate(path, callers, count, recordsOf)))
    rates.bare.push(await inFolder((path) => publishRate(path, callers, count, () => [])))
  }
  return {
    name: `lookup + message with two records + settle, ${callers} callers`,
    unit: 'events/s',
    ours: median(rates.ours),
    peers: { 'without records': median(rates.bare) },
  }
}

async function publishRate(
  path: string,
  callers: number,
  count: number,
  recordsFor: (index: number) => readonly RecordWrite[],
): Promise<number> {
  await using store = await openStore(`sqlite:${path}`)
  await store.writeRecords([aSubscription(0)])
  const lease = { owner: 'a', until: noon + 30_000 }
  let left = count
  const publish = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      const delivery = aDelivery()
      const message = aMessage({ body, deliveries: [delivery] })
      const records = recordsFor(left)
      if (records.length > 0) await lookUp(store, 0)
      await store.enqueue([message], { lease, ids: new Set([delivery.id]) }, { records })
      await store.settle([delivered(delivery)])
    }
  }
  const start = performance.now()
  await Promise.all(Array.from({ length: callers }, publish))
  return perSecond(count, start)
}

function recordsOf(index: number): readonly RecordWrite[] {
  const time = String(noon + index).padStart(16, '0')
  return [
    {
      kind: 'put',
      collection: 'subscriptions/event',
      id: idOf(index),
      expects: 'absent',
      value: { type: 'order.created', owner: 'acme', acceptedAt: noon, messages: [idOf(index)] },
      content: body,
      entries: { owner: [`acme\n${time}`] },
      tenant: 'acme',
      messageId: aMessage().id,
      expiresAt: noon + index,
    },
    {
      kind: 'put',
      collection: 'subscriptions/once',
      id: idOf(index),
      expects: 'absent',
      value: { fingerprint: idOf(index), status: 202, body: '{"ok":true}', headers: {} },
      expiresAt: noon + index,
    },
  ]
}

/** Each subscription has its own owner and type; a thousand in a row share an index that is paged through. */
function aSubscription(index: number): RecordPut {
  const owner = `owner-${Math.floor(index / 1000)}`
  return {
    kind: 'put',
    collection: 'subscriptions/subscription',
    id: idOf(index),
    value: { owner, callbackUrl: `https://example.com/${index}`, eventTypes: ['order.created'] },
    unique: [`${owner}\nhttps://example.com/${index}`],
    entries: {
      type: [`type-${index}`],
      owner: [`${owner}\n${String(noon + index).padStart(16, '0')}`],
    },
  }
}

async function reading(): Promise<readonly BenchRow[]> {
  return inFolder(async (path) => {
    await using small = await openStore(`sqlite:${path}-small`)
    await using large = await openStore(`sqlite:${path}-large`)
    await fill(small, few)
    await fill(large, many)
    return [
      await compared('lookups of four entries', 'lookups/s', small, large, lookUpRate),
      await compared('pages of 100, one after another', 'pages/s', small, large, pageRate),
    ]
  })
}

async function compared(
  name: string,
  unit: string,
  small: Store,
  large: Store,
  rate: (store: Store, records: number) => Promise<number>,
): Promise<BenchRow> {
  const rates = { small: [] as number[], large: [] as number[] }
  for (let round = 0; round < rounds; round += 1) {
    rates.small.push(await rate(small, few))
    rates.large.push(await rate(large, many))
  }
  return {
    name: `${name}, ${many.toLocaleString('en')} records`,
    unit,
    ours: median(rates.large),
    peers: { [`${few.toLocaleString('en')} records`]: median(rates.small) },
  }
}

async function fill(store: Store, count: number): Promise<void> {
  for (let done = 0; done < count; done += 1000) {
    const records = Array.from({ length: 1000 }, (_, index) => aSubscription(done + index))
    await store.writeRecords(records)
  }
}

async function lookUpRate(store: Store, records: number): Promise<number> {
  const lookups = 5_000
  const start = performance.now()
  for (let done = 0; done < lookups; done += 1) await lookUp(store, (done * 7919) % records)
  return perSecond(lookups, start)
}

async function lookUp(store: Store, index: number): Promise<void> {
  const found = await store.lookUpRecords({
    collection: 'subscriptions/subscription',
    index: 'type',
    entries: [`type-${index}`, 'order.created', 'order.*', '*'],
    limit: 1000,
  })
  if (found.length !== 1) throw new TypeError(`found ${found.length} subscriptions`)
}

/** Ten pages of each of many owners. */
async function pageRate(store: Store, records: number): Promise<number> {
  const owners = 50
  const start = performance.now()
  for (let done = 0; done < owners; done += 1) {
    const prefix = `owner-${(done * 7919) % (records / 1000)}\n`
    for (let after = {}, page = 0; page < 10; page += 1) {
      const found = await store.findRecords({
        collection: 'subscriptions/subscription',
        index: 'owner',
        prefix,
        order: 'descending',
        limit: 100,
        ...after,
      })
      const last = found.at(-1)
      if (last === undefined || found.length !== 100) throw new TypeError('a page is missing')
      after = { after: { entry: last.entry, id: last.id } }
    }
  }
  return perSecond(owners * 10, start)
}

/** Of those that wait, one in ten has something due. */
async function walking(count: number): Promise<BenchRow> {
  const rates = await inFolder(async (path) => {
    await using store = await openStore(`sqlite:${path}`)
    for (let done = 0; done < count; done += 1000) {
      const names = Array.from({ length: 1000 }, (_, index) => `subscription/${idOf(done + index)}`)
      const deliveries = names.map((endpoint, index) =>
        aDelivery({ endpoint, dueAt: index % 10 === 0 ? noon : noon + 60_000 }),
      )
      await store.enqueue([aMessage({ deliveries })])
    }
    const measured: number[] = []
    for (let round = 0; round < rounds; round += 1) measured.push(await walkRate(store, count))
    return measured
  })
  return {
    name: `endpoints walked by, 200 in a call, ${count.toLocaleString('en')} waiting`,
    unit: 'endpoints/s',
    ours: median(rates),
    peers: {},
  }
}

async function walkRate(store: Store, count: number): Promise<number> {
  const start = performance.now()
  let due = 0
  for (let after: string | null = ''; after !== null; ) {
    const walk = { prefix: 'subscription/', after, now: noon, visits: 200 }
    const { endpoints, reached } = await store.dueEndpoints(walk)
    due += endpoints.length
    after = reached
  }
  if (due !== count / 10) throw new TypeError(`${due} of ${count} endpoints are due`)
  return perSecond(count, start)
}

function idOf(index: number): string {
  return `01900000-0000-7000-8000-${String(index).padStart(12, '0')}`
}

function perSecond(count: number, start: number): number {
  return (count * 1000) / (performance.now() - start)
}

async function inFolder<T>(run: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'carabiner-bench-'))
  try {
    return await run(join(folder, 'store.db'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (import.meta.main) console.log(markdownOf(await recordsBench.run(), recordsBench.moreIsBetter))
