import type { BenchReport, DetailedBench, Promised } from '../bench.ts'
import { Arena, drain } from './arena.ts'
import { contenders } from './contender.ts'
import { alternate, type Result } from './rounds.ts'
import { compare, contenderTable, paragraphs } from './rows.ts'
import { scale } from './scale.ts'

const names = ['bare', 'memory', 'sqlite', 'postgres', 'graphile', 'boss', 'bull'] as const
const rate = { unit: 'deliveries/s', of: (result: Result) => result.perSecond }
const besideBare: Promised = { floor: 0.6, goal: 0.65 }

/** Messages that were stored before, sent until all have arrived and are settled. */
export const drainBench: DetailedBench = {
  title: 'Durable drain',
  question:
    'How many stored messages a second reach their receiver? 1 KB, a signed POST each, 64 connections, one core for the system under test, the other for receiver and databases; the rate is the receiver’s, from the first arrival to the last, and a run ends when all are settled. Ours has everything on: attempts recorded, breaker, egress guard, limits, deadline, metrics. The peers send with undici and the same HMAC and record no attempts.',
  moreIsBetter: true,
  run: benchDrain,
}

async function benchDrain(): Promise<BenchReport> {
  await using arena = await Arena.open()
  const results = await alternate(arena, names, async (name, process, warmingUp) => {
    await using store = await arena.freshStore(contenders[name].store)
    return await drain(arena, process, store, warmingUp ? scale.warmUp : scale.count)
  })
  const rows = [
    compare(results, rate, 'postgres', {
      graphile: { floor: 1.35, goal: 1.5 },
      bull: { floor: 1.8, goal: 2 },
      boss: { floor: 3, goal: 3.5 },
      bare: besideBare,
    }),
    compare(results, rate, 'sqlite', { bare: besideBare }),
    compare(results, rate, 'memory', { bare: 'unpromised' }),
  ]
  return { rows, remarks: paragraphs(contenderTable(results), tuning, arena.remarks()) }
}

const tuning =
  'As their manuals have it for speed: graphile-worker with a local queue of 500, 128 jobs at once, completions batched; pg-boss in batches of 250, full ones fetched without a pause by two workers, a result for each job; BullMQ with 128 jobs at once, finished ones removed, `appendfsync everysec`. PostgreSQL is one server with `fsync` on, SQLite WAL with synchronous FULL; every run gets a new store.'
