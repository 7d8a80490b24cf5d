import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import {
  aClaim,
  aDelivery,
  aMessage,
  aMessageTo,
  anAttempt,
  delivered,
  noon,
  second,
} from '../../src/store/contract/makers.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'

export interface RetentionOptions {
  /** Over all days, each on a delivery of its own. */
  readonly attempts: number
}

export type RetentionReport = Readonly<
  Record<
    | 'attempts'
    | 'removed'
    | 'file MB when retention began'
    | 'file MB at the end'
    | 'claim ms, empty store'
    | 'claim ms, full store, while rows are removed'
    | 'longest claim ms',
    number
  >
>

const days = 30
/** How long what is settled is kept. */
const keptDays = 8
const dayMs = 24 * 3600 * second
/** What `host` removes at once. */
const pruneRows = 500
const batchRows = 500
const fanOut = 100

/** Thirty days of deliveries in a SQLite file that keeps eight: its size settles, and claims take as long as they did. */
export async function retention({ attempts }: RetentionOptions): Promise<RetentionReport> {
  const folder = await mkdtemp(join(tmpdir(), 'carabiner-retention-'))
  try {
    return await live(join(folder, 'store.db'), attempts)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function live(path: string, attempts: number): Promise<RetentionReport> {
  await using store = await openStore(`sqlite:${path}`)
  await store.enqueue(Array.from({ length: 1000 }, () => aMessageTo({ endpoint: 'h/live' })))
  const empty = await claimTimes(store, () => false)

  const perDay = Math.ceil(attempts / days / batchRows) * batchRows
  const sizes: number[] = []
  const claims: number[] = []
  let removed = 0
  for (let day = 0; day < days; day += 1) {
    await load(store, perDay, noon + day * dayMs)
    const pruning = prune(store, noon + (day - keptDays) * dayMs + 1)
    let isOver = false
    const timing = claimTimes(store, () => !isOver && day > keptDays)
    removed += await pruning
    isOver = true
    claims.push(...(await timing))
    sizes.push(sizeOf(path))
  }
  return judged({ attempts: perDay * days, removed, sizes, empty, claims })
}

interface Measured {
  readonly attempts: number
  readonly removed: number
  readonly sizes: readonly number[]
  readonly empty: readonly number[]
  readonly claims: readonly number[]
}

function judged({ attempts, removed, sizes, empty, claims }: Measured): RetentionReport {
  const full = sizes[keptDays] ?? 0
  const last = sizes.at(-1) ?? 0
  const longest = Math.max(...claims)
  assert.equal(removed, (attempts / days) * (days - keptDays))
  assert.ok(last <= full * 1.1, `the file went on growing: ${sizes.join(', ')}`)
  assert.ok(longest < 1000, `a claim took ${longest} ms`)
  return {
    attempts,
    removed,
    'file MB when retention began': megabytes(full),
    'file MB at the end': megabytes(last),
    'claim ms, empty store': hundredths(median(empty)),
    'claim ms, full store, while rows are removed': hundredths(median(claims)),
    'longest claim ms': hundredths(longest),
  }
}

/** Stores and settles a day's deliveries, as a host does it: born claimed, one attempt each. */
async function load(store: Store, count: number, at: number): Promise<void> {
  for (let done = 0; done < count; done += batchRows) {
    const messages = Array.from({ length: batchRows / fanOut }, () =>
      aMessage({
        createdAt: at,
        deliveries: Array.from({ length: fanOut }, () => aDelivery({ dueAt: at })),
      }),
    )
    const deliveries = messages.flatMap((message) => message.deliveries)
    const ids = new Set(deliveries.map(({ id }) => id))
    await store.enqueue(messages, { lease: { owner: 'a', until: at + 30 * second }, ids })
    const attempt = anAttempt({ startedAt: at })
    await store.settle(deliveries.map((each) => delivered(each, { at, attempt })))
  }
}

/** As the host does it, without its pauses. */
async function prune(store: Store, before: number): Promise<number> {
  let removed = 0
  for (;;) {
    const rows = await store.prune(before, pruneRows)
    removed += rows
    if (rows < pruneRows) return removed
  }
}

/** Claims a hundred and gives them back, at least ten times and as long as is asked for. */
async function claimTimes(store: Store, goesOn: () => boolean): Promise<number[]> {
  const times: number[] = []
  while (times.length < 10 || goesOn()) {
    const start = performance.now()
    const claimed = await store.claim(aClaim({ endpoint: 'h/live', limit: 100 }))
    times.push(performance.now() - start)
    assert.equal(claimed.length, 100)
    await store.release(
      claimed.map(({ id }) => id),
      'a',
    )
  }
  return times
}

/** Bytes, what is still in the write-ahead log included. */
function sizeOf(path: string): number {
  const database = new DatabaseSync(path, { readOnly: true })
  const { bytes } =
    database
      .prepare('SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size')
      .get() ?? {}
  database.close()
  return Number(bytes)
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1024 / 1024)
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100
}
