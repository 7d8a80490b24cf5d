import { type BenchReport, type DetailedBench, median, number, table } from '../bench.ts'
import { Arena } from '../delivery/arena.ts'
import { makeBody } from '../delivery/body.ts'
import type { StoreKind } from '../delivery/contender.ts'
import type { LoadCalls } from '../delivery/load.ts'
import { type Remote, startRemote } from '../delivery/remote.ts'
import { scale } from '../delivery/scale.ts'
import { apiKey, type SubscriptionsCalls } from './process.ts'

/** The same host and route several times. */
const hosts = {
  nothing: { title: 'a store that writes nothing', store: 'memory', writes: false, batch: 1 },
  sqlite: { title: 'SQLite', store: 'sqlite', writes: true, batch: 1 },
  postgres: { title: 'PostgreSQL', store: 'postgres', writes: true, batch: 1 },
  batches: { title: 'SQLite, 100 events a request', store: 'sqlite', writes: true, batch: 100 },
} as const satisfies Readonly<Record<string, HostKind>>

interface HostKind {
  readonly title: string
  readonly store: StoreKind
  readonly writes: boolean
  /** Events in one request. */
  readonly batch: number
}

type Name = keyof typeof hosts
const names = ['nothing', 'sqlite', 'postgres', 'batches'] as const

/** Publications that are answered when they are durable. */
export const publishEventBench: DetailedBench = {
  title: 'Publishing over HTTP',
  question:
    'How many events a second does `POST /v1/webhooks/events` take, each answered after it and its delivery have been stored, beside the same route on a store whose commits do nothing? 1 KB of payload over 64 connections, one core for the host; one subscription matches, whose endpoint is paused, so that nothing is sent meanwhile; no rate limit, everything else as it is by default.',
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
    const { store: kind, writes, batch } = hosts[name]
    const store = ends.use(await arena.freshStore(kind))
    const host = ends.use(
      await startRemote<SubscriptionsCalls>('../subscriptions/process.ts', 'system'),
    )
    const url = await host.call('start', store.url, writes)
    await host.call('subscribe', ['http://127.0.0.1:9/hook'], 'order.placed')
    await host.call('pauseAll')
    running.set(name, (count) => publish(load, host, url, count, batch))
  }

  const samples = await alternate(running)
  const of = (name: Name, value: (sample: Sample) => number): number =>
    median((samples.get(name) ?? []).map(value))
  const rate = (name: Name): number => of(name, (sample) => sample.perSecond)
  const row = (name: Name, peer: Name, promises: { floor: number; goal: number } | undefined) => ({
    name: hosts[name].title,
    unit: 'events/s',
    ours: rate(name),
    peers: { [hosts[peer].title]: rate(peer) },
    ...(promises && { promises: { [hosts[peer].title]: promises } }),
  })
  const details = names.map((name) => [
    hosts[name].title,
    `${number(of(name, (sample) => sample.cpuUs))} µs`,
    `${number(of(name, (sample) => sample.p50Ms))} ms`,
    `${number(of(name, (sample) => sample.p99Ms))} ms`,
  ])
  return {
    rows: [
      row('sqlite', 'nothing', { floor: 0.5, goal: 0.65 }),
      row('postgres', 'nothing', undefined),
      row('batches', 'sqlite', { floor: 1.8, goal: 2 }),
    ],
    remarks: table(['store', 'CPU for each event', 'request answered p50', 'p99'], details),
  }
}

async function alternate(
  running: ReadonlyMap<Name, (count: number) => Promise<Sample>>,
): Promise<Map<Name, Sample[]>> {
  for (const publishSome of running.values()) await publishSome(Math.min(scale.warmUp, scale.count))
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
  host: Remote<SubscriptionsCalls>,
  url: string,
  count: number,
  batch: number,
): Promise<Sample> {
  const before = await host.call('cpuMs')
  const event = `{"event_type":"order.placed","source":"bench","payload":${makeBody()}}`
  const body = batch === 1 ? event : `{"events":[${Array(batch).fill(event).join()}]}`
  const path = batch === 1 ? '/v1/webhooks/events' : '/v1/webhooks/events/batch'
  const headers = { 'x-api-key': apiKey }
  const report = await load.call('post', { url: `${url}${path}`, headers, body }, count / batch)
  const cpuMs = (await host.call('cpuMs')) - before
  return { ...report, perSecond: report.perSecond * batch, cpuUs: (cpuMs * 1_000) / count }
}
