import type { BenchReport, DetailedBench } from '../bench.ts'
import { Arena, type ContenderProcess, drain, measure, type Run } from './arena.ts'
import { type ContenderName, contenders } from './contender.ts'
import { alternate, type Result } from './rounds.ts'
import { compare, contenderTable, paragraphs } from './rows.ts'
import { scale } from './scale.ts'

const names = ['sqlite', 'postgres', 'graphile'] as const
const promised = { floor: 1.7, goal: 2 }

/** Messages that are stored while others are sent, by one process. */
export const enqueueBench: DetailedBench = {
  title: 'Enqueue and drain',
  question:
    'How many messages a second can be stored and reach their receiver, by one process on one core? 64 callers store them, each waiting for its commit, and what is stored is sent meanwhile; one message a call, and 100 a call (`addJobs`). The rate is the receiver’s, from the first arrival to the last.',
  moreIsBetter: true,
  run: benchEnqueue,
}

/** One a call waits for a commit each: fewer of them say as much. */
const ways = [
  { title: 'one message a call', batch: 1, count: Math.ceil(scale.count / 3) },
  { title: '100 messages a call', batch: 100, count: scale.count },
] as const
type Way = (typeof ways)[number]

async function benchEnqueue(): Promise<BenchReport> {
  await using arena = await Arena.open()
  const rows = []
  const remarks = []
  for (const way of ways) {
    const results = await alternate(arena, names, (name, process, warmingUp) =>
      enqueueAndDrain(arena, name, process, way, warmingUp),
    )
    const { title: name } = way
    const rate = { name, unit: 'deliveries/s', of: (result: Result) => result.perSecond }
    rows.push(
      compare(results, rate, 'sqlite', { graphile: promised }),
      compare(results, rate, 'postgres', { graphile: 'unpromised' }),
    )
    remarks.push(`With ${name}:`, contenderTable(results))
  }
  return { rows, remarks: paragraphs(...remarks, arena.remarks()) }
}

async function enqueueAndDrain(
  arena: Arena,
  name: ContenderName,
  process: ContenderProcess,
  { count, batch }: Way,
  warmingUp: boolean,
): Promise<Run> {
  await using store = await arena.freshStore(contenders[name].store)
  if (warmingUp) return await drain(arena, process, store, scale.warmUp)
  await process.call('prepare', store.url, 0)
  await process.call('start')
  return await measure(arena, process, count, () => process.call('store', count, batch))
}
