import { Counter, Histogram, type Registry } from 'prom-client'
import type { Metrics } from '../connector/scope.ts'

/** Counters and histograms of connectors. Two instances of one connector share theirs. */
export function connectorMetrics(registry: Registry): Metrics {
  const made = new Map<string, Counter | Histogram>()
  return {
    counter(name, help, labels) {
      const counter = once(made, name, Counter, () => {
        return new Counter({ ...named(registry, name, help), labelNames: [...labels] })
      })
      return { add: (values, by = 1) => counter.inc({ ...values }, by) }
    },
    histogram(name, help, labels, buckets) {
      const histogram = once(made, name, Histogram, () => {
        const options = { ...named(registry, name, help), labelNames: [...labels] }
        return new Histogram({ ...options, buckets: [...buckets] })
      })
      return { observe: (values, value) => histogram.observe({ ...values }, value) }
    },
  }
}

function named(
  registry: Registry,
  name: string,
  help: string,
): {
  name: string
  help: string
  registers: Registry[]
} {
  return { name: `carabiner_${name}`, help, registers: [registry] }
}

function once<Kind extends Counter | Histogram>(
  made: Map<string, Counter | Histogram>,
  name: string,
  kind: new (...options: never) => Kind,
  make: () => Kind,
): Kind {
  const known = made.get(name)
  if (known instanceof kind) return known
  if (known !== undefined) throw new TypeError(`metric \`${name}\` is of another kind already`)
  const metric = make()
  made.set(name, metric)
  return metric
}
