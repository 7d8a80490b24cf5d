/** Rows a second through the whole life of a delivery. Run by `npm run bench -- store`, or directly. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import {
  aClaim,
  aDelivery,
  aMessage,
  anAttempt,
  delivered,
  noon,
} from '../../src/store/contract/makers.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { ClaimedDelivery, Store } from '../../src/store/store.ts'
import { type Bench, type BenchRow, markdownOf, median } from './bench.ts'

const rounds = 5
const body = Buffer.alloc(1024, 'x')

/** The store beside the least that could keep the same rows: one flat table, two indexes, no attempts, no checks. */
export const storeBench: Bench = {
  title: 'Store',
  question:
    'How many deliveries a second are stored, claimed and settled with their attempt (1 KB bodies, SQLite WAL, synchronous FULL), by one caller who waits for each commit? Does what waits slow the claims (floor: 1 ÷ 1.5)?',
  moreIsBetter: true,
  async run() {
    return [
      await lifeOf(1, 400),
      await lifeOf(100, 6000),
      await sentAtOnce(64, 20_000),
      await claimsBesideBacklog(),
    ]
  },
}

/** Stores, claims and settles `batch` deliveries at a time, in turn with a bare loop. */
async function lifeOf(batch: number, count: number): Promise<BenchRow> {
  const rates = { ours: [] as number[], bare: [] as number[] }
  for (let round = 0; round < rounds; round += 1) {
    rates.ours.push(await inFolder((path) => ourRate(path, batch, count)))
    rates.bare.push(await inFolder(async (path) => bareRate(path, batch, count)))
  }
  return {
    name: `store + claim + settle, ${batch} at a time`,
    unit: 'deliveries/s',
    ours: median(rates.ours),
    peers: { 'bare node:sqlite': median(rates.bare) },
  }
}

/** As it goes while there is room: stored as claimed, settled after one attempt; by so many callers, each waiting for its own. */
async function sentAtOnce(callers: number, count: number): Promise<BenchRow> {
  const rates = { ours: [] as number[], bare: [] as number[] }
  for (let round = 0; round < rounds; round += 1) {
    rates.ours.push(await inFolder((path) => bornClaimedRate(path, callers, count)))
    rates.bare.push(await inFolder(async (path) => bareRate(path, callers, count)))
  }
  return {
    name: `store as claimed + settle, ${callers} callers`,
    unit: 'deliveries/s',
    ours: median(rates.ours),
    peers: { 'bare node:sqlite': median(rates.bare) },
  }
}

async function bornClaimedRate(path: string, callers: number, count: number): Promise<number> {
  await using store = await openStore(`sqlite:${path}`)
  const lease = { owner: 'a', until: noon + 30_000 }
  let left = count
  const call = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      const delivery = aDelivery()
      const message = aMessage({ body, deliveries: [delivery] })
      await store.enqueue([message], { lease, ids: new Set([delivery.id]) })
      await store.settle([delivered(delivery)])
    }
  }
  const start = performance.now()
  await Promise.all(Array.from({ length: callers }, call))
  return perSecond(count, start)
}

async function ourRate(path: string, batch: number, count: number): Promise<number> {
  await using store = await openStore(`sqlite:${path}`)
  const start = performance.now()
  for (let done = 0; done < count; done += batch) {
    await Promise.all(Array.from({ length: batch }, () => store.enqueue([aMessage({ body })])))
    await settleAll(store, await store.claim(aClaim({ limit: batch })))
  }
  return perSecond(count, start)
}

/** As the engine does it: one call for each delivery, all in one turn. */
async function settleAll(store: Store, claimed: readonly ClaimedDelivery[]): Promise<void> {
  await Promise.all(claimed.map((each) => store.settle([delivered(each)])))
}

function bareRate(path: string, batch: number, count: number): number {
  const database = new DatabaseSync(path)
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE deliveries (seq INTEGER PRIMARY KEY, state TEXT, due_at REAL, body BLOB);
    CREATE INDEX due ON deliveries (due_at) WHERE state = 'pending'`)
  const insert = database.prepare(`INSERT INTO deliveries VALUES (NULL, 'pending', ?, ?)`)
  const claim = database.prepare(
    `UPDATE deliveries SET state = 'sending' WHERE seq IN
       (SELECT seq FROM deliveries WHERE state = 'pending' AND due_at <= ? ORDER BY due_at LIMIT ?)
     RETURNING seq, body`,
  )
  const settle = database.prepare(`UPDATE deliveries SET state = 'delivered' WHERE seq = ?`)

  const start = performance.now()
  for (let done = 0; done < count; done += batch) {
    committed(database, () => {
      for (let index = 0; index < batch; index += 1) insert.run(noon, body)
    })
    const rows = committed(database, () => claim.all(noon, batch))
    committed(database, () => {
      for (const { seq } of rows) settle.run(seq ?? null)
    })
  }
  const rate = perSecond(count, start)
  database.close()
  return rate
}

/** Claims of a hundred with their release, with a hundred times as much waiting for the same endpoint. */
async function claimsBesideBacklog(): Promise<BenchRow> {
  const few = 10_000
  const many = 1_000_000
  const rates = await inFolder(async (path) => {
    await using small = await openStore(`sqlite:${path}-small`)
    await using large = await openStore(`sqlite:${path}-large`)
    await fill(small, few)
    await fill(large, many)
    const measured = { small: [] as number[], large: [] as number[] }
    for (let round = 0; round < rounds; round += 1) {
      measured.small.push(await claimRate(small))
      measured.large.push(await claimRate(large))
    }
    return measured
  })
  return {
    name: `claims of 100 with ${many.toLocaleString('en')} waiting`,
    unit: 'deliveries/s',
    ours: median(rates.large),
    peers: { [`${few.toLocaleString('en')} waiting`]: median(rates.small) },
  }
}

async function fill(store: Store, count: number): Promise<void> {
  for (let done = 0; done < count; done += 1000) {
    await store.enqueue(
      Array.from({ length: 1000 }, () => aMessage({ body: body.subarray(0, 64) })),
    )
  }
}

async function claimRate(store: Store): Promise<number> {
  const start = performance.now()
  for (let round = 0; round < 50; round += 1) {
    const claimed = await store.claim(aClaim({ limit: 100 }))
    const next = { kind: 'pending', dueAt: noon, reason: 'again' } as const
    const attempt = anAttempt({ number: round + 1 })
    await store.settle(claimed.map((each) => delivered(each, { attempt, next })))
  }
  return perSecond(50 * 100, start)
}

function committed<T>(database: DatabaseSync, run: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  const result = run()
  database.exec('COMMIT')
  return result
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

if (import.meta.main) console.log(markdownOf(await storeBench.run(), storeBench.moreIsBetter))
