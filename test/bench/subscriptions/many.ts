import { type BenchReport, type BenchRow, type DetailedBench, median } from '../bench.ts'
import { Arena } from '../delivery/arena.ts'
import { makeBody } from '../delivery/body.ts'
import type { LoadCalls } from '../delivery/load.ts'
import { type Remote, startRemote } from '../delivery/remote.ts'
import { scale } from '../delivery/scale.ts'
import { apiKey, type SubscriptionsCalls } from './process.ts'

const stores = { sqlite: 'SQLite', postgres: 'PostgreSQL' } as const
const kinds = ['sqlite', 'postgres'] as const
const few = Math.min(1_000, scale.million)
const peer = `${few.toLocaleString('en')} subscriptions`
const promises = { [peer]: { floor: 2, goal: 1.5 } }

/** What a million subscriptions cost whoever publishes and lists. */
export const manyBench: DetailedBench = {
  title: 'A million subscriptions',
  question:
    'What does an event cost of which one subscription of its owner is told, and what does a page of 100 subscriptions, when that owner has a million of them? CPU of the host for each request, over HTTP, 64 connections; nothing is sent meanwhile.',
  moreIsBetter: false,
  run: benchMany,
}

interface Costs {
  readonly publishUs: number
  readonly listUs: number
}

async function benchMany(): Promise<BenchReport> {
  await using ends = new AsyncDisposableStack()
  const arena = ends.use(await Arena.open())
  const load = ends.use(await startRemote<LoadCalls>('load.ts', 'others'))
  // A million takes minutes; but one store has its work on the host's core and the other one on the database's.
  const filling = kinds.map(async (kind) => ({
    kind,
    small: await filled(ends, arena, kind, few),
    large: await filled(ends, arena, kind, scale.million),
  }))
  const rows: BenchRow[] = []
  for (const { kind, ...hosts } of await Promise.all(filling)) {
    const costs = await alternate(load, hosts)
    const row = (name: string, of: (costs: Costs) => number): BenchRow => ({
      name: `${name}, ${scale.million.toLocaleString('en')}, ${stores[kind]}`,
      unit: 'µs',
      ours: median(costs.large.map(of)),
      peers: { [peer]: median(costs.small.map(of)) },
      promises,
    })
    rows.push(
      row('an event', (each) => each.publishUs),
      row('a page', (each) => each.listUs),
    )
  }
  return { rows, remarks: arena.remarks() }
}

interface Host {
  readonly host: Remote<SubscriptionsCalls>
  readonly url: string
}

async function filled(
  ends: AsyncDisposableStack,
  arena: Arena,
  kind: (typeof kinds)[number],
  count: number,
): Promise<Host> {
  const store = ends.use(await arena.freshStore(kind))
  const host = ends.use(
    await startRemote<SubscriptionsCalls>('../subscriptions/process.ts', 'system'),
  )
  const url = await host.call('start', store.url, true)
  await host.call('subscribe', ['http://127.0.0.1:9/hook'], 'order.placed')
  await host.call('pauseAll')
  await host.call('fill', count - 1)
  await store.rest()
  console.log(`${count.toLocaleString('en')} subscriptions: ${stores[kind]} is filled`)
  return { host, url }
}

type Sizes<T> = Readonly<Record<'small' | 'large', T>>

async function alternate(
  load: Remote<LoadCalls>,
  hosts: Sizes<Host>,
): Promise<Sizes<readonly Costs[]>> {
  const costs = { small: [] as Costs[], large: [] as Costs[] }
  const requests = Math.min(2_000, scale.count)
  for (let round = 0; round <= scale.rounds; round += 1) {
    for (const size of ['large', 'small'] as const) {
      const { host, url } = hosts[size]
      const publishUs = await costOf(host, requests, () => publish(load, url, requests))
      const listUs = await costOf(host, requests, () => list(load, url, requests))
      if (round > 0) costs[size].push({ publishUs, listUs })
    }
  }
  return costs
}

async function costOf(
  host: Remote<SubscriptionsCalls>,
  requests: number,
  work: () => Promise<unknown>,
): Promise<number> {
  const before = await host.call('cpuMs')
  await work()
  return (((await host.call('cpuMs')) - before) * 1_000) / requests
}

const headers = { 'x-api-key': apiKey }

function publish(load: Remote<LoadCalls>, url: string, count: number): Promise<unknown> {
  const body = `{"event_type":"order.placed","source":"bench","payload":${makeBody()}}`
  return load.call('post', { url: `${url}/v1/webhooks/events`, headers, body }, count)
}

function list(load: Remote<LoadCalls>, url: string, count: number): Promise<unknown> {
  const path = '/v1/webhooks/subscriptions?limit=100'
  return load.call('post', { method: 'GET', url: `${url}${path}`, headers, body: '' }, count)
}
