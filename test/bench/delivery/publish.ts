import { type BenchReport, type DetailedBench, median, number, table } from '../bench.ts'
import { Arena } from './arena.ts'
import { makeBody } from './body.ts'
import type { StoreKind } from './contender.ts'
import type { HostCalls } from './host-process.ts'
import type { LoadCalls } from './load.ts'
import { type Remote, startRemote } from './remote.ts'
import { scale } from './scale.ts'

/** The same host four times. */
const hosts = {
  nothing: { title: 'an event that owes nothing', store: 'memory', event: 'noted' },
  memory: { title: '`memory:`', store: 'memory', event: 'placed' },
  sqlite: { title: 'SQLite', store: 'sqlite', event: 'placed' },
  postgres: { title: 'PostgreSQL', store: 'postgres', event: 'placed' },
} as const satisfies Readonly<Record<string, { title: string; store: StoreKind; event: string }>>
type Name = keyof typeof hosts
const names = ['nothing', 'memory', 'sqlite', 'postgres'] as const
const key = 'the-key-of-this-benchmark'

/** Requests that are answered when what they owe is durable. */
export const publishBench: DetailedBench = {
  title: 'Durable publish',
  question:
    'How many requests a second does a host answer, each after the delivery it owes has been stored, beside the same host without a store? `POST /api/v1/dispatch/:event` with 1 KB of params over 64 connections; one after-webhook, whose endpoint is paused, so that nothing is sent meanwhile. Without a store is `memory:`; beside it an event that owes nothing, of which no message is made either. (A route that publishes, and batches of 100 on it, come with subscriptions.)',
  moreIsBetter: true,
  run: benchPublish,
}

interface Sample {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly cpuUs: number
}

async function benchPublish(): Promise<BenchReport> {
  await using ends = new AsyncDisposableStack()
  const arena = ends.use(await Arena.open())
  const load = ends.use(await startRemote<LoadCalls>('load.ts', 'others'))
  const running = new Map<Name, (count: number) => Promise<Sample>>()
  for (const name of names) {
    const store = ends.use(await arena.freshStore(hosts[name].store))
    const host = ends.use(await startRemote<HostCalls>('host-process.ts', 'system'))
    const url = await host.call('start', store.url, key)
    const target = `${url}/api/v1/dispatch/${hosts[name].event}`
    running.set(name, (count) => publish(load, host, target, count))
  }

  const samples = await alternate(running)
  const of = (name: Name, value: (sample: Sample) => number): number =>
    median((samples.get(name) ?? []).map(value))
  const rate = (name: Name): number => of(name, (sample) => sample.perSecond)
  const row = (name: Name, promised: { floor: number; goal: number }) => ({
    name: hosts[name].title,
    unit: 'requests/s',
    ours: rate(name),
    peers: { [hosts.memory.title]: rate('memory'), [hosts.nothing.title]: rate('nothing') },
    promises: { [hosts.memory.title]: promised },
  })
  const details = names.map((name) => [
    hosts[name].title,
    `${number(of(name, (sample) => sample.cpuUs))} µs`,
    `${number(of(name, (sample) => sample.p50Ms))} ms`,
    `${number(of(name, (sample) => sample.p99Ms))} ms`,
  ])
  return {
    rows: [row('sqlite', { floor: 0.65, goal: 0.75 }), row('postgres', { floor: 0.5, goal: 0.6 })],
    remarks: table(['store', 'CPU for each', 'answered p50', 'p99'], details),
  }
}

async function alternate(
  running: ReadonlyMap<Name, (count: number) => Promise<Sample>>,
): Promise<Map<Name, Sample[]>> {
  for (const publishSome of running.values()) await publishSome(scale.warmUp)
  const samples = new Map<Name, Sample[]>(names.map((name) => [name, []]))
  for (let round = 1; round <= scale.rounds; round += 1) {
    for (const [name, publishSome] of running) {
      const sample = await publishSome(scale.count)
      samples.get(name)?.push(sample)
      console.log(`${round}: ${hosts[name].title}: ${number(sample.perSecond)}/s`)
    }
  }
  return samples
}

async function publish(
  load: Remote<LoadCalls>,
  host: Remote<HostCalls>,
  url: string,
  count: number,
): Promise<Sample> {
  const before = await host.call('cpuMs')
  const headers = { 'x-internal-api-key': key }
  const report = await load.call('post', { url, headers, body: makeBody() }, count)
  const cpuMs = (await host.call('cpuMs')) - before
  return { ...report, cpuUs: (cpuMs * 1_000) / count }
}
