import { type BenchReport, type DetailedBench, median, number, table } from '../bench.ts'
import { Arena } from '../delivery/arena.ts'
import type { StoreKind } from '../delivery/contender.ts'
import type { LoadReport } from '../delivery/load.ts'
import { type Remote, startRemote } from '../delivery/remote.ts'
import { scale } from '../delivery/scale.ts'
import type { ProviderCalls } from './load.ts'
import type { IngressCalls } from './process.ts'

/** The same host and route several times. */
const hosts = {
  nothing: { title: 'a store that writes nothing', store: 'memory', writes: false },
  sqlite: { title: 'SQLite', store: 'sqlite', writes: true },
  postgres: { title: 'PostgreSQL', store: 'postgres', writes: true },
} as const satisfies Readonly<
  Record<string, { readonly title: string; readonly store: StoreKind; readonly writes: boolean }>
>

type Name = keyof typeof hosts
const names = ['nothing', 'sqlite', 'postgres'] as const

const steadyPerSecond = 500
const steadySeconds = 5

/** Webhooks that are answered when they are stored. */
export const ingestBench: DetailedBench = {
  title: 'Taking webhooks in',
  question: `How many webhooks a second does \`POST /api/v1/webhooks/acme\` take, each verified and answered after event, webhook, delivery and three audit rows have been stored, beside the same route on a store whose commits do nothing? 1 KB of payload over 64 connections, one core for the host; the integration is paused, so that nothing is sent meanwhile. And how long does an answer take at ${steadyPerSecond} webhooks a second?`,
  moreIsBetter: true,
  run: benchIngest,
}

interface Sample extends LoadReport {
  readonly cpuUs: number
  /** At the steady rate. */
  readonly steady: LoadReport
}

interface Running {
  readonly url: string
  readonly host: Remote<IngressCalls>
}

async function benchIngest(): Promise<BenchReport> {
  await using ends = new AsyncDisposableStack()
  const arena = ends.use(await Arena.open())
  const load = ends.use(await startRemote<ProviderCalls>('../ingress/load.ts', 'others'))
  const running = new Map<Name, Running>()
  for (const name of names) {
    const { store: kind, writes } = hosts[name]
    const store = ends.use(await arena.freshStore(kind))
    const host = ends.use(await startRemote<IngressCalls>('../ingress/process.ts', 'system'))
    const url = await host.call('start', store.url, writes)
    running.set(name, { host, url: `${url}/api/v1/webhooks/acme` })
  }

  const samples = await alternate(running, load)
  const of = (name: Name, value: (sample: Sample) => number): number =>
    median((samples.get(name) ?? []).map(value))
  const rate = (name: Name): number => of(name, ({ perSecond }) => perSecond)
  const row = (name: Name, promises: { floor: number; goal: number } | undefined) => ({
    name: hosts[name].title,
    unit: 'webhooks/s',
    ours: rate(name),
    peers: { [hosts.nothing.title]: rate('nothing') },
    ...(promises && { promises: { [hosts.nothing.title]: promises } }),
  })
  const details = names.map((name) => [
    hosts[name].title,
    `${number(of(name, ({ cpuUs }) => cpuUs))} µs`,
    `${number(of(name, ({ p50Ms }) => p50Ms))} ms`,
    `${number(of(name, ({ p99Ms }) => p99Ms))} ms`,
    `${number(of(name, ({ steady }) => steady.p50Ms))} ms`,
    `${number(of(name, ({ steady }) => steady.p99Ms))} ms`,
  ])
  const heads = ['store', 'CPU for each', 'answered p50', 'p99']
  const steady = [`p50 at ${steadyPerSecond}/s`, `p99 at ${steadyPerSecond}/s`]
  return {
    rows: [row('sqlite', { floor: 0.5, goal: 0.65 }), row('postgres', undefined)],
    remarks: table([...heads, ...steady], details),
  }
}

async function alternate(
  running: ReadonlyMap<Name, Running>,
  load: Remote<ProviderCalls>,
): Promise<Map<Name, Sample[]>> {
  for (const { url } of running.values()) await load.call('flood', url, scale.warmUp)
  const samples = new Map<Name, Sample[]>(names.map((name) => [name, []]))
  for (let round = 1; round <= scale.rounds; round += 1) {
    for (const [name, { host, url }] of running) {
      await host.call('watch', name)
      const before = await host.call('cpuMs')
      const report = await load.call('flood', url, scale.count)
      const cpuMs = (await host.call('cpuMs')) - before
      await host.call('unwatch')
      const steadyCount = Math.min(scale.count, steadyPerSecond * steadySeconds)
      const steady = await load.call('stream', url, steadyCount, steadyPerSecond)
      samples.get(name)?.push({ ...report, cpuUs: (cpuMs * 1_000) / scale.count, steady })
      console.log(`${round}: ${hosts[name].title}: ${number(report.perSecond)}/s`)
    }
  }
  return samples
}
