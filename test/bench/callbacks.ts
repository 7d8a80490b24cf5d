/** What it costs to answer one callback of many. Run by `npm run bench -- callbacks`, or directly. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CallbackBook } from '../../src/callbacks/callback-book.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import { type BenchReport, type DetailedBench, markdownOf, median } from './bench.ts'

const rounds = 5
const few = 1_000
const many = Number(process.env['BENCH_ROWS'] ?? 1_000_000)
const answers = 500
const callers = 64
const payload = Buffer.from('{"approved":true,"by":"ada"}')
const day = 86_400_000
const promises = { [parkedOf(few)]: { floor: 0.67, goal: 0.9 } }

export const callbacksBench: DetailedBench = {
  title: 'Callbacks',
  question:
    'With a million callbacks that wait (SQLite, FULL), does an answer cost at most 1.5 times what it costs with a thousand (floor: 1 ÷ 1.5), and a sweep? How much memory does it take?',
  moreIsBetter: true,
  run: () => inFolder(measure),
}

async function measure(path: string): Promise<BenchReport> {
  const ids = { small: await filled(`${path}-small`, few), large: await filled(path, many) }
  await using small = await openStore(`sqlite:${path}-small`)
  const before = process.memoryUsage().rss
  await using large = await openStore(`sqlite:${path}`)
  const answered = { small: [] as number[], large: [] as number[] }
  const swept = { small: [] as number[], large: [] as number[] }
  for (let round = 0; round < rounds; round += 1) {
    answered.small.push(await answerRate(small, ids.small))
    answered.large.push(await answerRate(large, ids.large))
    swept.small.push(await sweepRate(small))
    swept.large.push(await sweepRate(large))
  }
  const megabytes = Math.round((process.memoryUsage().rss - before) / 2 ** 20)
  const row = (name: string, { small: theirs, large: ours }: typeof answered) => ({
    ...{ name: `${name}, ${parkedOf(many)}`, unit: 'callbacks/s', promises },
    ...{ ours: median(ours), peers: { [parkedOf(few)]: median(theirs) } },
  })
  return {
    rows: [row(`answers, ${callers} callers`, answered), row(`a sweep of ${answers}`, swept)],
    remarks: `Memory that the process took from opening the large store to the end: ${megabytes} MB (promised: less than 200).`,
  }
}

/** Makes a store of its own, closed again. Resolves to the ids. */
async function filled(path: string, count: number): Promise<string[]> {
  await using store = await openStore(`sqlite:${path}`)
  const ids: string[] = []
  while (ids.length < count) ids.push(...(await park(store, 1_000, 20 * day)))
  return ids
}

async function park(store: Store, count: number, timeoutMs: number): Promise<string[]> {
  const book = new CallbackBook(store)
  const wanted = { waiter: 'bench', timeoutMs, meta: { dispatch: 'orders.ship', webhook: 'ask' } }
  const drafts = Array.from({ length: count }, () => book.draft(wanted))
  await store.writeRecords(drafts.map(({ write }) => write))
  return drafts.map(({ callback }) => callback.id)
}

/** Answers some that stand anywhere, and parks as many anew. */
async function answerRate(store: Store, ids: string[]): Promise<number> {
  const book = new CallbackBook(store)
  const step = Math.floor(ids.length / answers)
  const places = Array.from({ length: answers }, (_, index) => index * step)
  const queue = places.map((place) => ids[place] ?? '')
  const start = performance.now()
  const answer = async (): Promise<void> => {
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      if ((await book.complete(id, payload)) === undefined) throw new TypeError('nobody waits')
    }
  }
  await Promise.all(Array.from({ length: callers }, answer))
  const rate = perSecond(start)
  const fresh = await park(store, answers, 20 * day)
  for (const [index, place] of places.entries()) ids[place] = fresh[index] ?? ''
  return rate
}

async function sweepRate(store: Store): Promise<number> {
  await park(store, answers, 0)
  const start = performance.now()
  const expired = await new CallbackBook(store).expireDue(answers)
  if (expired.length !== answers) throw new TypeError(`${expired.length} expired`)
  return perSecond(start)
}

function parkedOf(count: number): string {
  return `${count.toLocaleString('en')} waiting`
}

function perSecond(start: number): number {
  return (answers * 1000) / (performance.now() - start)
}

async function inFolder<T>(run: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'carabiner-bench-'))
  try {
    return await run(join(folder, 'store.db'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (import.meta.main) {
  const { rows, remarks } = await callbacksBench.run()
  console.log(`${markdownOf(rows, callbacksBench.moreIsBetter)}\n\n${remarks}`)
}
