import {
  Counter,
  type CounterConfiguration,
  Histogram,
  type HistogramConfiguration,
} from 'prom-client'

// For each value prom-client looks its labels up and checks them, which is much at ten thousand deliveries a second. These count in plain
// numbers, under labels that are known beforehand, and hand over what they have when somebody asks for the metrics.

type Labels = Readonly<Record<string, string>>

/** Counts what happened. */
export class TallyCounter extends Counter {
  readonly #tallies: CountTally[] = []

  constructor(configuration: CounterConfiguration<string>) {
    super({
      ...configuration,
      collect: () => {
        for (const tally of this.#tallies) {
          if (tally.count > 0) this.inc(tally.labels, tally.take())
        }
      },
    })
  }

  under(labels: Labels): CountTally {
    const tally = new CountTally(labels)
    this.#tallies.push(tally)
    return tally
  }
}

class CountTally {
  readonly labels: Labels
  count = 0

  constructor(labels: Labels) {
    this.labels = labels
  }

  add(): void {
    this.count += 1
  }

  take(): number {
    const { count } = this
    this.count = 0
    return count
  }
}

interface HistogramSettings extends HistogramConfiguration<string> {
  readonly buckets: number[]
}

/** Sorts values into buckets. */
export class TallyHistogram extends Histogram {
  readonly #settings: HistogramSettings
  readonly #tallies: ValueTally[] = []

  constructor(settings: HistogramSettings) {
    super(settings)
    this.#settings = settings
  }

  under(labels: Labels): ValueTally {
    const tally = new ValueTally(labels, this.#settings.buckets)
    this.#tallies.push(tally)
    return tally
  }

  /** What the registry, and `get`, ask a histogram for. */
  async getForPromString(): Promise<object> {
    const { name, help } = this.#settings
    const values = this.#tallies.flatMap((tally) => tally.lines(name))
    return { name, help, type: 'histogram', aggregator: 'sum', values }
  }
}

interface Line {
  readonly metricName: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

class ValueTally {
  readonly #labels: Labels
  readonly #bounds: readonly number[]
  /** One for each bound, and one for what is beyond. */
  readonly #counts: Float64Array
  #sum = 0

  constructor(labels: Labels, bounds: readonly number[]) {
    this.#labels = labels
    this.#bounds = bounds
    this.#counts = new Float64Array(bounds.length + 1)
  }

  add(value: number): void {
    let bucket = 0
    while (value > (this.#bounds[bucket] ?? Number.POSITIVE_INFINITY)) bucket += 1
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    this.#sum += value
  }

  /** None before the first value, where there are labels. */
  lines(name: string): Line[] {
    const labels = this.#labels
    let count = 0
    const lines = Array.from(this.#counts, (inBucket, index): Line => {
      count += inBucket
      const le = this.#bounds[index] ?? '+Inf'
      return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: count }
    })
    if (count === 0 && Object.keys(labels).length > 0) return []
    return [
      ...lines,
      { metricName: `${name}_sum`, labels, value: this.#sum },
      { metricName: `${name}_count`, labels, value: count },
    ]
  }
}
