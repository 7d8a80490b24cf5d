import { type BenchRow, median } from '../bench.ts'
import type { Arena } from '../delivery/arena.ts'
import { nowMs } from '../delivery/body.ts'
import { type Remote, startRemote } from '../delivery/remote.ts'
import { scale } from '../delivery/scale.ts'
import type { AnsweredCalls } from './adapter-process.ts'
import type { HostCalls } from './host-process.ts'
import type { AnswerCalls } from './load.ts'

/** Dispatches of one run. */
const dispatches = Math.min(2_000, scale.count)
const streamed = 150
const streamPerSecond = 40

export interface ParkedReport {
  readonly rows: readonly BenchRow[]
  /** Milliseconds from an answer to the on handler that it lets run. */
  readonly latencies: Readonly<Record<'here' | 'elsewhere', readonly number[]>>
}

/** Dispatches on SQLite that are parked, answered over HTTP and done. */
export async function benchParked(arena: Arena, load: Remote<AnswerCalls>): Promise<ParkedReport> {
  await using ends = new AsyncDisposableStack()
  const store = ends.use(await arena.freshStore('sqlite'))
  const host = ends.use(await startRemote<HostCalls>('../callbacks/host-process.ts', 'system'))
  const url = await host.call('start', store.url, true)
  const parked: number[] = []
  const resumed: number[] = []
  const through: number[] = []
  for (let round = 0; round <= scale.rounds; round += 1) {
    const start = nowMs()
    const { ids, perSecond } = await host.call('park', dispatches)
    const answering = nowMs()
    const [doneAt] = await Promise.all([
      host.call('doneAt', dispatches),
      load.call('flood', url, ids),
    ])
    if (round === 0) continue
    parked.push(perSecond)
    resumed.push((dispatches * 1_000) / (doneAt - answering))
    through.push((dispatches * 1_000) / (doneAt - start))
    console.log(`${round}: ${Math.round(through.at(-1) ?? 0)} dispatches/s parked, answered, done`)
  }
  const here = await latencies(host, load, url)
  const adapter = ends.use(
    await startRemote<AnsweredCalls>('../callbacks/adapter-process.ts', 'others'),
  )
  const elsewhere = await latencies(host, load, await adapter.call('start', store.url, true))
  const row = (name: string, rates: readonly number[]): BenchRow => ({
    ...{ name: `${name}, SQLite`, unit: 'dispatches/s', ours: median(rates), peers: {} },
  })
  return {
    rows: [
      row('parked', parked),
      row('answered over HTTP and done', resumed),
      row('parked, answered over HTTP and done', through),
    ],
    latencies: { here, elsewhere },
  }
}

async function latencies(
  host: Remote<HostCalls>,
  load: Remote<AnswerCalls>,
  url: string,
): Promise<readonly number[]> {
  const { ids } = await host.call('park', streamed)
  const sent = await load.call('stream', url, ids, streamPerSecond)
  await host.call('doneAt', streamed)
  const began = await host.call('beganAt', ids)
  return sent.map((at, index) => (began[index] ?? Number.NaN) - at)
}
