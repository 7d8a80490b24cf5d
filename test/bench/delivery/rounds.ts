import { median } from '../bench.ts'
import type { Arena, ContenderProcess, Run } from './arena.ts'
import { type ContenderName, contenders } from './contender.ts'
import { scale } from './scale.ts'

/** Medians over the runs of one contender. */
export interface Result {
  readonly perSecond: number
  readonly cpuUs: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly peakRssBytes: number
  readonly receiverBusy: number
}

export type Results<Name extends string> = Readonly<Partial<Record<Name, Result>>>

/**
 * Has every contender that can be run here do `once`, in turn, as often as the scale says; what comes before that is for warming up.
 */
export async function alternate<Name extends ContenderName>(
  arena: Arena,
  names: readonly Name[],
  once: (name: Name, process: ContenderProcess, warmingUp: boolean) => Promise<Run>,
): Promise<Results<Name>> {
  await using ends = new AsyncDisposableStack()
  const entered = await enter(arena, names, ends)
  for (const [name, process] of entered) await once(name, process, true)
  const runs = new Map<Name, Run[]>()
  for (let round = 1; round <= scale.rounds; round += 1) {
    for (const [name, process] of entered) {
      const run = await once(name, process, false)
      runs.set(name, [...(runs.get(name) ?? []), run])
      progress(round, name, run)
    }
  }
  // Names with runs are those that entered.
  return Object.fromEntries(
    [...runs].map(([name, each]) => [name, resultOf(each)]),
  ) as Results<Name>
}

async function enter<Name extends ContenderName>(
  arena: Arena,
  names: readonly Name[],
  ends: AsyncDisposableStack,
): Promise<Map<Name, ContenderProcess>> {
  const entered = new Map<Name, ContenderProcess>()
  for (const name of names) {
    const process = await arena.enter(name)
    if (process !== undefined) entered.set(name, ends.use(process))
  }
  return entered
}

function resultOf(runs: readonly Run[]): Result {
  const of = (value: (run: Run) => number): number => median(runs.map(value))
  return {
    perSecond: of((run) => run.perSecond),
    cpuUs: of((run) => run.cpuUs),
    p50Ms: of((run) => run.arrivals.p50Ms),
    p99Ms: of((run) => run.arrivals.p99Ms),
    peakRssBytes: of((run) => run.peakRssBytes),
    receiverBusy: of((run) => run.arrivals.busy),
  }
}

/** A benchmark of minutes says where it is. */
function progress(round: number, name: ContenderName, { perSecond, cpuUs, arrivals }: Run): void {
  const rate = Math.round(perSecond).toLocaleString('en')
  const p50 = arrivals.p50Ms < 1_000 ? `, p50 ${arrivals.p50Ms.toFixed(1)} ms` : ''
  console.log(`${round}: ${contenders[name].title}: ${rate}/s, ${cpuUs.toFixed(0)} µs CPU${p50}`)
}
