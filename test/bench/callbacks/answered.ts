import { type BenchRow, median, number } from '../bench.ts'
import type { Arena } from '../delivery/arena.ts'
import type { StoreKind } from '../delivery/contender.ts'
import { type Remote, startRemote } from '../delivery/remote.ts'
import { scale } from '../delivery/scale.ts'
import type { AnsweredCalls } from './adapter-process.ts'
import type { AnswerCalls } from './load.ts'

const servers = {
  host: { title: 'our server', file: '../callbacks/host-process.ts' },
  adapter: { title: 'node:http', file: '../callbacks/adapter-process.ts' },
} as const
const stores = {
  nothing: { title: 'a store that keeps nothing', kind: 'memory', writes: false },
  sqlite: { title: 'SQLite', kind: 'sqlite', writes: true },
  postgres: { title: 'PostgreSQL', kind: 'postgres', writes: true },
} as const satisfies Readonly<Record<string, { title: string; kind: StoreKind; writes: boolean }>>
const serverNames = ['host', 'adapter'] as const
const storeNames = ['nothing', 'sqlite', 'postgres'] as const
type ServerName = (typeof serverNames)[number]
type StoreName = (typeof storeNames)[number]

/** Answers of one run. */
const answers = Math.min(4_000, scale.count)
const promised = { floor: 0.5, goal: 0.65 }

/** Answers over HTTP that are stored when they are answered, beside the same routes on a store that keeps nothing. */
export async function benchAnswered(
  arena: Arena,
  load: Remote<AnswerCalls>,
): Promise<readonly BenchRow[]> {
  const rows: BenchRow[] = []
  for (const server of serverNames) {
    const rates = await ratesOf(arena, load, server)
    const peer = stores.nothing.title
    const theirs = median(rates.nothing)
    for (const store of ['sqlite', 'postgres'] as const) {
      rows.push({
        name: `answers over HTTP, ${servers[server].title}, ${stores[store].title}`,
        unit: 'callbacks/s',
        ours: median(rates[store]),
        peers: { [peer]: theirs },
        ...(store === 'sqlite' && { promises: { [peer]: promised } }),
      })
    }
  }
  return rows
}

/** Runs alternate; the first of each is for warming up. */
async function ratesOf(
  arena: Arena,
  load: Remote<AnswerCalls>,
  server: ServerName,
): Promise<Readonly<Record<StoreName, readonly number[]>>> {
  await using ends = new AsyncDisposableStack()
  const running = new Map<StoreName, { remote: Remote<AnsweredCalls>; url: string }>()
  for (const name of storeNames) {
    const { kind, writes } = stores[name]
    const store = ends.use(await arena.freshStore(kind))
    const remote = ends.use(await startRemote<AnsweredCalls>(servers[server].file, 'system'))
    running.set(name, { remote, url: await remote.call('start', store.url, writes) })
  }
  const rates: Record<StoreName, number[]> = { nothing: [], sqlite: [], postgres: [] }
  for (let round = 0; round <= scale.rounds; round += 1) {
    for (const [name, { remote, url }] of running) {
      const ids = await remote.call('wait', answers)
      const { perSecond } = await load.call('flood', url, ids)
      if (round > 0) rates[name].push(perSecond)
      if (round > 0) {
        console.log(
          `${round}: ${servers[server].title}, ${stores[name].title}: ${number(perSecond)}/s`,
        )
      }
    }
  }
  return rates
}
