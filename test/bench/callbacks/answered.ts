import { type BenchReport, type BenchRow, median, number, table } from '../bench.ts'
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
export async function benchAnswered(arena: Arena, load: Remote<AnswerCalls>): Promise<BenchReport> {
  const rows: BenchRow[] = []
  const costs: (readonly string[])[] = []
  for (const server of serverNames) {
    const samples = await samplesOf(arena, load, server)
    const rate = (name: StoreName): number => median(samples[name].map((each) => each.perSecond))
    const costUs = (name: StoreName): number => median(samples[name].map((each) => each.cpuUs))
    costs.push([servers[server].title, ...storeNames.map((name) => `${number(costUs(name))} µs`)])
    const peer = stores.nothing.title
    for (const store of ['sqlite', 'postgres'] as const) {
      rows.push({
        name: `answers over HTTP, ${servers[server].title}, ${stores[store].title}`,
        unit: 'callbacks/s',
        ours: rate(store),
        peers: { [peer]: rate('nothing') },
        ...(store === 'sqlite' && { promises: { [peer]: promised } }),
      })
    }
  }
  const heads = ['CPU of the server for each', ...storeNames.map((name) => stores[name].title)]
  return { rows, remarks: table(heads, costs) }
}

interface Sample {
  readonly perSecond: number
  /** Processor time of the server for each answer. */
  readonly cpuUs: number
}

/** Runs alternate; the first of each is for warming up. */
async function samplesOf(
  arena: Arena,
  load: Remote<AnswerCalls>,
  server: ServerName,
): Promise<Readonly<Record<StoreName, readonly Sample[]>>> {
  await using ends = new AsyncDisposableStack()
  const running = new Map<StoreName, { remote: Remote<AnsweredCalls>; url: string }>()
  for (const name of storeNames) {
    const { kind, writes } = stores[name]
    const store = ends.use(await arena.freshStore(kind))
    const remote = ends.use(await startRemote<AnsweredCalls>(servers[server].file, 'system'))
    running.set(name, { remote, url: await remote.call('start', store.url, writes) })
  }
  const samples: Record<StoreName, Sample[]> = { nothing: [], sqlite: [], postgres: [] }
  for (let round = 0; round <= scale.rounds; round += 1) {
    for (const [name, { remote, url }] of running) {
      const ids = await remote.call('wait', answers)
      const before = await remote.call('cpuMs')
      const { perSecond } = await load.call('flood', url, ids)
      const cpuMs = (await remote.call('cpuMs')) - before
      if (round === 0) continue
      samples[name].push({ perSecond, cpuUs: (cpuMs * 1_000) / answers })
      const title = `${servers[server].title}, ${stores[name].title}`
      console.log(`${round}: ${title}: ${number(perSecond)}/s`)
    }
  }
  return samples
}
