/** One row of a benchmark: ours beside its peers, in one unit, measured alternately in one run. */
export interface BenchRow {
  readonly name: string
  readonly unit: string
  readonly ours: number
  readonly peers: Readonly<Record<string, number>>
}

/** A benchmark: a question, and the rows that answer it. */
export interface Bench {
  readonly title: string
  /** What is asked, and what the numbers are held against. */
  readonly question: string
  /** Whether more is better; ratios are then ours ÷ peer, else peer ÷ ours. */
  readonly moreIsBetter: boolean
  readonly run: () => Promise<readonly BenchRow[]>
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted[Math.floor(sorted.length / 2)]
  if (middle === undefined) throw new TypeError('median of nothing')
  return middle
}

/** Rows as a Markdown table with a ratio for each peer. */
export function markdownOf(rows: readonly BenchRow[], moreIsBetter: boolean): string {
  const lines = rows.flatMap(({ name, unit, ours, peers }) =>
    Object.entries(peers).map(([peer, theirs]) => {
      const ratio = moreIsBetter ? ours / theirs : theirs / ours
      return `| ${name} | ${number(ours)} ${unit} | ${peer} | ${number(theirs)} ${unit} | ${ratio.toFixed(2)} |`
    }),
  )
  return ['| what | ours | beside | theirs | ratio |', '|---|---|---|---|---|', ...lines].join('\n')
}

function number(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
}
