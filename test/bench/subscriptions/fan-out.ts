import { type BenchReport, type BenchRow, type DetailedBench, median, number } from '../bench.ts'
import { Arena, type ContenderProcess } from '../delivery/arena.ts'
import { makeBody, nowMs } from '../delivery/body.ts'
import { contenders } from '../delivery/contender.ts'
import type { LoadCalls } from '../delivery/load.ts'
import { type Remote, startRemote } from '../delivery/remote.ts'
import { scale } from '../delivery/scale.ts'
import { apiKey, type SubscriptionsCalls } from './process.ts'

const subscriptions = 1_000
const stores = { memory: '`memory:`', sqlite: 'SQLite', postgres: 'PostgreSQL' } as const
type Name = keyof typeof stores
const names = ['memory', 'sqlite', 'postgres'] as const
const patienceMs = 180_000
const bare = contenders.bare.title

/** One event that a thousand subscriptions are told of. */
export const fanOutBench: DetailedBench = {
  title: 'Fan-out to a thousand subscriptions',
  question:
    'How many deliveries a second does a host make of events that 1,000 subscriptions are told of, one event after another, beside a bare undici loop with the same HMAC that makes 1,000 posts, one thousand after another? All URLs lead to one receiver; one signature on each; the time is that from the publication over HTTP, or from the call of the loop, to the last arrival.',
  moreIsBetter: true,
  run: benchFanOut,
}

async function benchFanOut(): Promise<BenchReport> {
  await using ends = new AsyncDisposableStack()
  const arena = ends.use(await Arena.open())
  const load = ends.use(await startRemote<LoadCalls>('load.ts', 'others'))
  const running = new Map<Name | 'bare', (events: number) => Promise<number>>()
  const loop = await arena.enter('bare')
  if (loop !== undefined) running.set('bare', (events) => post(arena, loop, events))
  for (const name of names) {
    const store = ends.use(await arena.freshStore(name))
    const host = ends.use(
      await startRemote<SubscriptionsCalls>('../subscriptions/process.ts', 'system'),
    )
    const url = await host.call('start', store.url, true)
    const urls = Array.from(
      { length: subscriptions },
      (_, index) => `${arena.receiverUrl}/${index}`,
    )
    await host.call('subscribe', urls, 'order.placed')
    running.set(name, (events) => tell(arena, load, host, url, events))
  }

  const rates = await alternate(running)
  const rows = names.map(
    (name): BenchRow => ({
      name: stores[name],
      unit: 'deliveries/s',
      ours: median(rates.get(name) ?? []),
      peers: { [bare]: median(rates.get('bare') ?? []) },
      ...(name !== 'memory' && { promises: { [bare]: { floor: 0.6, goal: 0.65 } } }),
    }),
  )
  return { rows, remarks: arena.remarks() }
}

async function alternate(
  running: ReadonlyMap<Name | 'bare', (events: number) => Promise<number>>,
): Promise<ReadonlyMap<Name | 'bare', readonly number[]>> {
  const events = Math.max(1, Math.round(scale.count / subscriptions))
  const rates = new Map([...running.keys()].map((name) => [name, [] as number[]]))
  for (let round = 0; round <= scale.rounds; round += 1) {
    for (const [name, run] of running) {
      const perSecond = await run(events)
      if (round > 0) rates.get(name)?.push(perSecond)
      console.log(`${round}: ${name}: ${number(perSecond)}/s`)
    }
  }
  return rates
}

/** Posts a second of one thousand after another, each from the call to the last arrival. */
async function post(arena: Arena, loop: ContenderProcess, events: number): Promise<number> {
  let tookMs = 0
  for (let event = 0; event < events; event += 1) {
    await loop.call('prepare', 'none', subscriptions)
    tookMs += await untilAllArrived(arena, () => loop.call('start'))
    await loop.call('stop')
  }
  return (events * subscriptions * 1_000) / tookMs
}

/** Deliveries a second of one event after another, each from its publication to the last arrival. */
async function tell(
  arena: Arena,
  load: Remote<LoadCalls>,
  host: Remote<SubscriptionsCalls>,
  url: string,
  events: number,
): Promise<number> {
  let tookMs = 0
  for (let event = 0; event < events; event += 1) {
    const body = `{"event_type":"order.placed","source":"bench","payload":${makeBody()}}`
    const request = { url: `${url}/v1/webhooks/events`, headers: { 'x-api-key': apiKey }, body }
    tookMs += await untilAllArrived(arena, () => load.call('post', request, 1))
    await host.call('settled')
  }
  return (events * subscriptions * 1_000) / tookMs
}

/** Milliseconds from the call of `work` until as many as there are subscriptions have arrived. */
async function untilAllArrived(arena: Arena, work: () => Promise<unknown>): Promise<number> {
  await arena.receiver.call('expect', subscriptions)
  const arrived = arena.receiver.call('arrivals', patienceMs)
  const beganAt = nowMs()
  const tookMs = arrived.then(() => nowMs() - beganAt)
  await work()
  return tookMs
}
