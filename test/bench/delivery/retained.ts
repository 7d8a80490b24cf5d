import { type BenchReport, type BenchRow, type DetailedBench, median } from '../bench.ts'
import { Arena, drain } from './arena.ts'
import { contenders } from './contender.ts'
import type { FillerCalls } from './filler.ts'
import { type Remote, startRemote } from './remote.ts'
import { scale } from './scale.ts'

const names = ['sqlite', 'postgres'] as const
const peer = 'an empty store'

/** The same drain on a store with a past. */
export const retainedBench: DetailedBench = {
  title: 'A past that is kept',
  question:
    'Is a drain slower on a store that still holds a million deliveries, settled, with their messages of 1 KB and their attempts, than on an empty one?',
  moreIsBetter: true,
  run: benchRetained,
}

async function benchRetained(): Promise<BenchReport> {
  await using ends = new AsyncDisposableStack()
  const arena = ends.use(await Arena.open())
  const filler = ends.use(await startRemote<FillerCalls>('filler.ts', 'system'))
  const rows = []
  for (const name of names) rows.push(await compareStores(arena, filler, name))
  return { rows, remarks: '' }
}

async function compareStores(
  arena: Arena,
  filler: Remote<FillerCalls>,
  name: (typeof names)[number],
): Promise<BenchRow> {
  const { title, store: kind } = contenders[name]
  await using past = await arena.freshStore(kind)
  await filler.call('fill', past.url, scale.million, 'settled')
  await past.rest()
  const contender = await arena.enter(name)
  if (contender === undefined) throw new TypeError(`${name} needs nothing that is not here`)

  const rates = { full: [] as number[], empty: [] as number[] }
  for (let round = 0; round <= scale.rounds; round += 1) {
    const count = round === 0 ? scale.warmUp : scale.count
    const onFull = await drain(arena, contender, past, count)
    await using fresh = await arena.freshStore(kind)
    const onEmpty = await drain(arena, contender, fresh, count)
    if (round === 0) continue
    rates.full.push(onFull.perSecond)
    rates.empty.push(onEmpty.perSecond)
    const [full, empty] = [Math.round(onFull.perSecond), Math.round(onEmpty.perSecond)]
    console.log(`${round}: ${title}: ${full}/s, empty ${empty}/s`)
  }
  return {
    name: `${title}, ${scale.million.toLocaleString('en')} retained`,
    unit: 'deliveries/s',
    ours: median(rates.full),
    peers: { [peer]: median(rates.empty) },
    promises: { [peer]: { floor: 0.85, goal: 0.9 } },
  }
}
