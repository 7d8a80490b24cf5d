import { type BenchRow, median } from '../bench.ts'
import type { Arena, FreshStore } from '../delivery/arena.ts'
import { type Remote, startRemote } from '../delivery/remote.ts'
import { scale } from '../delivery/scale.ts'
import type { HostCalls } from './host-process.ts'
import type { ManyCalls } from './many-process.ts'

const few = Math.min(1_000, scale.million)
const answers = Math.min(500, few)
const peer = waitingOf(few)
/** An answer among a million costs at most 1.5 times what it costs among a thousand. */
const promises = { [peer]: { floor: 0.67, goal: 0.9 } }
const titles = { sqlite: 'SQLite', postgres: 'PostgreSQL' } as const
const kinds = ['sqlite', 'postgres'] as const
const expiring = 1_000
const expireWithinMs = 5_000

export interface ManyReport {
  readonly rows: readonly BenchRow[]
  /** What the process of a host takes at most more on a store with so many parked dispatches than on an empty one. */
  readonly grownMegabytes: number
  /** Milliseconds from a deadline to the failure, with so many that wait. */
  readonly lateMs: readonly number[]
}

/** What a million callbacks that wait cost whoever answers, sweeps, and runs a host; on SQLite with the dispatches that wait for them. */
export async function benchMany(arena: Arena): Promise<ManyReport> {
  await using ends = new AsyncDisposableStack()
  // It takes minutes; but one store has its work on this core and the other one on the database's.
  const [sqlite, postgres] = await Promise.all(kinds.map((kind) => filled(ends, arena, kind)))
  if (sqlite === undefined || postgres === undefined) throw new TypeError('nothing is filled')
  await using empty = await arena.freshStore('sqlite')
  const without = await hosted(empty)
  const among = await hosted(sqlite.large)
  const rows = [
    ...(await rowsOf(sqlite, titles.sqlite)),
    ...(await rowsOf(postgres, titles.postgres)),
  ]
  const grownMegabytes = Math.round((among.peakRssBytes - without.peakRssBytes) / 2 ** 20)
  return { rows, grownMegabytes, lateMs: among.lateMs }
}

interface Filled {
  readonly remote: Remote<ManyCalls>
  readonly small: FreshStore
  readonly large: FreshStore
}

async function filled(
  ends: AsyncDisposableStack,
  arena: Arena,
  kind: (typeof kinds)[number],
): Promise<Filled> {
  const small = ends.use(await arena.freshStore(kind))
  const large = ends.use(await arena.freshStore(kind))
  const remote = ends.use(await startRemote<ManyCalls>('../callbacks/many-process.ts', 'system'))
  const what = kind === 'sqlite' ? 'parked dispatches' : 'callbacks'
  await remote.call('fill', small.url, few, what)
  await remote.call('fill', large.url, scale.million, what)
  await large.rest()
  console.log(`${titles[kind]} is filled with ${scale.million.toLocaleString('en')} ${what}`)
  return { remote, small, large }
}

interface Hosted {
  readonly peakRssBytes: number
  readonly lateMs: readonly number[]
}

/** A host on a store, that has work to do. */
async function hosted(store: FreshStore): Promise<Hosted> {
  await using host = await startRemote<HostCalls>('../callbacks/host-process.ts', 'system')
  await host.call('start', store.url, true)
  const lateMs = await host.call('expire', expiring, expireWithinMs)
  return { lateMs, peakRssBytes: await host.call('peakRssBytes') }
}

async function rowsOf({ remote, small, large }: Filled, title: string): Promise<BenchRow[]> {
  const stores = { small, large }
  const answered = { small: [] as number[], large: [] as number[] }
  const swept = { small: [] as number[], large: [] as number[] }
  const sizes = ['small', 'large'] as const
  for (const size of sizes) await remote.call('open', size, stores[size].url)
  // Each is over in a moment: it takes more of them to tell.
  for (let run = 0; run <= 3 * scale.rounds; run += 1) {
    for (const size of sizes) {
      const answerRate = await remote.call('answer', size, answers)
      const sweepRate = await remote.call('sweep', size, answers)
      if (run === 0) continue
      answered[size].push(answerRate)
      swept[size].push(sweepRate)
    }
  }
  await remote.call('close')
  const row = (name: string, rates: typeof answered): BenchRow => ({
    ...{ name: `${name}, ${title}, ${waitingOf(scale.million)}`, unit: 'callbacks/s', promises },
    ...{ ours: median(rates.large), peers: { [peer]: median(rates.small) } },
  })
  return [row('answers, 64 callers', answered), row(`a sweep of ${answers}`, swept)]
}

export function waitingOf(count: number): string {
  return `${count.toLocaleString('en')} waiting`
}
