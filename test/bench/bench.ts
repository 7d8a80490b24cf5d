/** One row of a benchmark: ours beside its peers, in one unit, measured alternately in one run. */
export interface BenchRow {
  readonly name: string
  readonly unit: string
  readonly ours: number
  readonly peers: Readonly<Record<string, number>>
  /** What is promised of the ratio to a peer; of our number itself where there is no peer. */
  readonly promises?: Readonly<Record<string, Promised>>
}

/** The worst ratio that is promised, and the one that is aimed at. */
export interface Promised {
  readonly floor: number
  readonly goal: number
}

/** Stands in `promises` for the promise on our number itself. */
export const itself = 'itself'

/** A benchmark: a question, and the rows that answer it. */
export interface Bench {
  readonly title: string
  /** What is asked, and what the numbers are held against. */
  readonly question: string
  /** Whether more is better: a promised ratio is then the least, else the most. Ratios are ours ÷ theirs. */
  readonly moreIsBetter: boolean
  readonly run: () => Promise<readonly BenchRow[]>
}

/** A benchmark that has more to tell than its rows. */
export interface DetailedBench extends Omit<Bench, 'run'> {
  readonly run: () => Promise<BenchReport>
}

export interface BenchReport {
  readonly rows: readonly BenchRow[]
  /** Markdown that follows the rows. */
  readonly remarks: string
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted[Math.floor(sorted.length / 2)]
  if (middle === undefined) throw new TypeError('median of nothing')
  return middle
}

/** Rows as a Markdown table with a ratio for each peer, beside what is promised of it where something is. */
export function markdownOf(rows: readonly BenchRow[], moreIsBetter: boolean): string {
  const promising = rows.some(({ promises }) => promises !== undefined)
  const lines = rows.flatMap((row) =>
    Object.keys(row.peers).length === 0
      ? [lineOf(row, undefined, promising, moreIsBetter)]
      : Object.keys(row.peers).map((peer) => lineOf(row, peer, promising, moreIsBetter)),
  )
  const head = ['what', 'ours', 'beside', 'theirs', 'ratio']
  return table([...head, ...(promising ? ['floor', 'goal', 'reached'] : [])], lines)
}

/** A Markdown table. */
export function table(
  head: readonly string[],
  lines: readonly (readonly (string | number)[])[],
): string {
  return [head, head.map(() => '---'), ...lines].map((each) => `| ${each.join(' | ')} |`).join('\n')
}

/** A number as a person reads it. */
export function number(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
}

function lineOf(
  row: BenchRow,
  peer: string | undefined,
  promising: boolean,
  moreIsBetter: boolean,
): readonly string[] {
  const { name, unit, ours, peers, promises } = row
  const theirs = peer === undefined ? undefined : peers[peer]
  const ratio = theirs === undefined ? undefined : ours / theirs
  const cells = [
    name,
    `${number(ours)} ${unit}`,
    peer ?? '',
    theirs === undefined ? '' : `${number(theirs)} ${unit}`,
    ratio?.toFixed(2) ?? '',
  ]
  if (!promising) return cells
  return [...cells, ...promiseCells(ratio ?? ours, promises?.[peer ?? itself], moreIsBetter)]
}

function promiseCells(
  value: number,
  promised: Promised | undefined,
  moreIsBetter: boolean,
): readonly string[] {
  if (promised === undefined) return ['', '', '']
  const { floor, goal } = promised
  const sign = moreIsBetter ? '≥' : '≤'
  const reaches = (bound: number): boolean => (moreIsBetter ? value >= bound : value <= bound)
  const reached = reaches(goal) ? 'goal' : reaches(floor) ? 'floor' : '**no**'
  return [`${sign} ${floor}`, `${sign} ${goal}`, reached]
}
