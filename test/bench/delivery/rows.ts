import { type BenchRow, number, type Promised, table } from '../bench.ts'
import { type ContenderName, contenders } from './contender.ts'
import type { Result, Results } from './rounds.ts'

/** What one of ours is held against: each peer, with what is promised of the ratio, if anything is. */
export type Peers = Readonly<Partial<Record<ContenderName, Promised | 'unpromised'>>>

/** One of ours beside its peers, as far as they could be measured. */
export function compare(
  results: Results<ContenderName>,
  what: { readonly name?: string; readonly unit: string; readonly of: (result: Result) => number },
  ours: ContenderName,
  peers: Peers,
): BenchRow {
  const beside: Record<string, number> = {}
  const promises: Record<string, Promised> = {}
  for (const [peer, promised] of entriesOf(peers)) {
    const result = results[peer]
    if (result === undefined) continue
    const { title } = contenders[peer]
    beside[title] = what.of(result)
    if (promised !== 'unpromised') promises[title] = promised
  }
  const result = results[ours]
  if (result === undefined) throw new TypeError(`${ours} was not measured`)
  const name = [what.name, contenders[ours].title].filter((each) => each !== undefined).join(', ')
  return { name, unit: what.unit, ours: what.of(result), peers: beside, promises }
}

/** What each contender's runs came to. */
export function contenderTable<Name extends ContenderName>(results: Results<Name>): string {
  return table(
    ['contender', 'deliveries/s', 'CPU for each', 'memory at most', 'receiver busy'],
    entriesOf(results).map(([name, result]) => [
      contenders[name].title,
      number(result.perSecond),
      `${number(result.cpuUs)} µs`,
      megabytes(result.peakRssBytes),
      `${Math.round(result.receiverBusy * 100)} %`,
    ]),
  )
}

export function megabytes(bytes: number): string {
  return `${number(bytes / 1e6)} MB`
}

/** Remarks under the rows, those that there are. */
export function paragraphs(...remarks: readonly string[]): string {
  return remarks.filter((each) => each !== '').join('\n\n')
}

function entriesOf<Name extends string, Value>(
  record: Readonly<Partial<Record<Name, Value>>>,
): readonly (readonly [Name, Value])[] {
  // Objects made here have no keys but names, and no value is undefined.
  return Object.entries(record) as [Name, Value][]
}
