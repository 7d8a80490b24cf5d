import { type BenchReport, type DetailedBench, table } from '../bench.ts'
import { Arena, type ContenderProcess, drain, measure, type Run } from './arena.ts'
import { type ContenderName, contenders } from './contender.ts'
import { alternate, type Result } from './rounds.ts'
import { compare, paragraphs } from './rows.ts'
import { scale } from './scale.ts'

const names = ['bare', 'sqlite', 'postgres', 'graphile', 'bull'] as const
const perSecond = 200
/** Three seconds of it. */
const messages = 600

const promises = {
  graphile: { floor: 0.75, goal: 0.5 },
  bull: { floor: 1.4, goal: 1 },
  bare: { floor: 12, goal: 7 },
} as const
const unpromised = {
  graphile: 'unpromised',
  bull: 'unpromised',
  bare: 'unpromised',
} as const

/** How long a message takes from the call that publishes it to its receiver, when there is little to do. */
export const latencyBench: DetailedBench = {
  title: 'Latency',
  question:
    'How long does a message take from the call that publishes it to its receiver, at 200 a second, evenly, published by the process that sends it? The bare loop is a direct POST: nothing is stored.',
  moreIsBetter: false,
  run: benchLatency,
}

async function benchLatency(): Promise<BenchReport> {
  await using arena = await Arena.open()
  const results = await alternate(arena, names, (name, process, warmingUp) =>
    publishEvenly(arena, name, process, warmingUp),
  )
  const p50 = { name: 'p50', unit: 'ms', of: (result: Result) => result.p50Ms }
  const p99 = { name: 'p99', unit: 'ms', of: (result: Result) => result.p99Ms }
  const rows = [
    compare(results, p50, 'sqlite', promises),
    compare(results, p50, 'postgres', promises),
    compare(results, p99, 'sqlite', unpromised),
    compare(results, p99, 'postgres', unpromised),
  ]
  const cpu = table(
    ['contender', 'CPU for each'],
    names.flatMap((name) => {
      const result = results[name]
      return result === undefined
        ? []
        : [[contenders[name].title, `${Math.round(result.cpuUs)} µs`]]
    }),
  )
  return { rows, remarks: paragraphs(cpu, arena.remarks()) }
}

async function publishEvenly(
  arena: Arena,
  name: ContenderName,
  process: ContenderProcess,
  warmingUp: boolean,
): Promise<Run> {
  await using store = await arena.freshStore(contenders[name].store)
  if (warmingUp) return await drain(arena, process, store, scale.warmUp)
  await process.call('prepare', store.url, 0)
  await process.call('start')
  const count = Math.min(messages, scale.count)
  return await measure(arena, process, count, () => process.call('publish', count, perSecond))
}
