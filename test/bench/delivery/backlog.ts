import { type BenchReport, type BenchRow, type DetailedBench, itself } from '../bench.ts'
import { Arena, type FreshStore } from './arena.ts'
import { contenders } from './contender.ts'
import type { FillerCalls } from './filler.ts'
import { startRemote } from './remote.ts'
import { scale } from './scale.ts'
import type { StoreCalls } from './store-process.ts'

const names = ['sqlite', 'postgres'] as const
type Name = (typeof names)[number]
const few = Math.min(10_000, scale.million)
const claimsEach = 100

/** What a million deliveries that wait cost those that do not. */
export const backlogBench: DetailedBench = {
  title: 'A backlog of a million',
  question:
    'What does a claim of 100 deliveries cost while a million wait for the same endpoint, and how much memory has the host that sends them? 1 KB each. Memory is the most that was resident in the process, from its start until 20,000 were delivered.',
  moreIsBetter: false,
  run: benchBacklog,
}

async function benchBacklog(): Promise<BenchReport> {
  await using arena = await Arena.open()
  const rows: BenchRow[] = []
  for (const name of names) {
    await using small = await filled(arena, name, few)
    await using large = await filled(arena, name, scale.million)
    rows.push(...(await claimRows(name, small, large)), await memoryRow(arena, name, large))
  }
  return { rows, remarks: '' }
}

async function filled(arena: Arena, name: Name, count: number): Promise<FreshStore> {
  await using filler = await startRemote<FillerCalls>('filler.ts', 'system')
  const store = await arena.freshStore(contenders[name].store)
  await filler.call('fill', store.url, count, 'waiting')
  await store.rest()
  return store
}

async function claimRows(name: Name, small: FreshStore, large: FreshStore): Promise<BenchRow[]> {
  await using process = await startRemote<StoreCalls>('store-process.ts', 'system')
  await process.call('open', 'small', small.url)
  await process.call('open', 'large', large.url)
  const taken = { small: [] as number[], large: [] as number[] }
  for (let round = 0; round <= scale.rounds; round += 1) {
    const onLarge = await process.call('claims', 'large', claimsEach)
    const onSmall = await process.call('claims', 'small', claimsEach)
    if (round === 0) continue
    taken.large.push(...onLarge)
    taken.small.push(...onSmall)
  }
  const peer = `${few.toLocaleString('en')} waiting`
  const what = `${scale.million.toLocaleString('en')} waiting, ${contenders[name].title}`
  const row = (title: string, share: number) => ({
    name: `${title}, ${what}`,
    unit: 'ms',
    ours: rank(taken.large, share),
    peers: { [peer]: rank(taken.small, share) },
  })
  return [
    { ...row('claim', 0.5), promises: { [peer]: { floor: 1.5, goal: 1.2 } } },
    { ...row('claim, p99', 0.99), peers: {}, promises: { [itself]: { floor: 10, goal: 10 } } },
  ]
}

function rank(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)] ?? 0
}

async function memoryRow(arena: Arena, name: Name, store: FreshStore): Promise<BenchRow> {
  const host = await arena.enter(name)
  if (host === undefined) throw new TypeError(`${name} needs nothing that is not here`)
  const count = Math.min(20_000, scale.million)
  await host.call('prepare', store.url, 0)
  await arena.receiver.call('expect', count)
  await Promise.all([arena.receiver.call('arrivals', 120_000), host.call('start')])
  const { peakRssBytes } = await host.call('stop')
  return {
    name: `host memory, ${scale.million.toLocaleString('en')} waiting, ${contenders[name].title}`,
    unit: 'MB',
    ours: peakRssBytes / 1e6,
    peers: {},
    promises: { [itself]: { floor: 400, goal: 250 } },
  }
}
