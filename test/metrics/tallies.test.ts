import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Counter, Histogram, Registry } from 'prom-client'
import { TallyCounter, TallyHistogram } from '../../src/metrics/tallies.ts'

const states = ['delivered', 'dead'] as const
const buckets = [0.005, 0.5, 1, 30]
const observed = fc.record({
  state: fc.constantFrom(...states),
  value: fc.oneof(fc.constantFrom(0, ...buckets), fc.double({ min: 0, max: 60, noNaN: true })),
})

const counter = { name: 'settled_total', help: 'By state', labelNames: ['state'] }
const latency = { name: 'latency_seconds', help: 'By state', labelNames: ['state'], buckets }
const duration = { name: 'duration_seconds', help: 'Of all', buckets }

describe('tallies', () => {
  it('tell what the counters and histograms of prom-client tell, however often they are asked', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(observed), fc.array(observed), async (first, second) => {
        const ours = tallies()
        const theirs = counted()

        for (const values of [first, second]) {
          for (const { state, value } of values) {
            ours.observe(state, value)
            theirs.observe(state, value)
          }
          assert.deepEqual(await linesOf(ours.registry), await linesOf(theirs.registry))
        }
      }),
      { numRuns: 50 },
    )
  })
})

interface Observed {
  readonly registry: Registry
  observe(state: (typeof states)[number], value: number): void
}

function tallies(): Observed {
  const registry = new Registry()
  const registers = [registry]
  const settled = new TallyCounter({ ...counter, registers })
  const latencies = new TallyHistogram({ ...latency, registers })
  const durations = new TallyHistogram({ ...duration, registers }).under({})
  const of = (state: string) => ({
    settled: settled.under({ state }),
    latency: latencies.under({ state }),
  })
  const byState = { delivered: of('delivered'), dead: of('dead') }
  return {
    registry,
    observe(state, value) {
      byState[state].settled.add()
      byState[state].latency.add(value)
      durations.add(value)
    },
  }
}

function counted(): Observed {
  const registry = new Registry()
  const registers = [registry]
  const settled = new Counter({ ...counter, registers })
  const latencies = new Histogram({ ...latency, registers })
  const durations = new Histogram({ ...duration, registers })
  return {
    registry,
    observe(state, value) {
      settled.inc({ state })
      latencies.observe({ state }, value)
      durations.observe(value)
    },
  }
}

/** In no order: prom-client shows states as they first came. */
async function linesOf(registry: Registry): Promise<string[]> {
  return (await registry.metrics()).split('\n').sort()
}
