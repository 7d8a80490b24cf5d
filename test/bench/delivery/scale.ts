/** How much a benchmark measures. Anything less than the defaults is for trying out and is not recorded. */
export interface Scale {
  /** Deliveries of one run: 60,000 of each contender in five of them, after the warm-up. */
  readonly count: number
  /** Deliveries of each contender before anything is measured. */
  readonly warmUp: number
  /** Alternating runs; medians are taken over them. */
  readonly rounds: number
  /** Rows of a large store. */
  readonly million: number
  readonly full: boolean
}

const promised = { count: 12_000, rounds: 5, million: 1_000_000 }
/** The first of them cost twice what later ones do. */
const warmUp = 20_000

/** What is promised, or what `BENCH_COUNT`, `BENCH_ROUNDS` and `BENCH_ROWS` ask for. */
export const scale: Scale = askedScale(process.env)

function askedScale(env: NodeJS.ProcessEnv): Scale {
  const count = wholeNumber(env, 'BENCH_COUNT', promised.count)
  const rounds = wholeNumber(env, 'BENCH_ROUNDS', promised.rounds)
  const million = wholeNumber(env, 'BENCH_ROWS', promised.million)
  const full = count >= promised.count && rounds >= promised.rounds && million >= promised.million
  return { count, warmUp: full ? warmUp : Math.min(count, warmUp), rounds, million, full }
}

function wholeNumber(env: NodeJS.ProcessEnv, name: string, otherwise: number): number {
  const text = env[name]
  if (text === undefined) return otherwise
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new TypeError(`${name} is a whole number above 0, got ${text}`)
}
