import { Counter, Histogram, type Registry } from 'prom-client'
import type { Outcome } from '../bus/outcome.ts'

/** Told of every dispatch that is over. */
export interface FinishedDispatches {
  finished(outcome: Outcome): void
}

/** Seconds, from a handler without I/O to the default deadline. */
const dispatchBuckets = [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30]

/** Counts dispatches by event and outcome, times them, and counts the handlers that failed. */
export function dispatchMetrics(registry: Registry): FinishedDispatches {
  const registers = [registry]
  const outcomes = new Counter({
    name: 'carabiner_dispatches_total',
    help: 'Dispatches that are over, by event and outcome',
    labelNames: ['event', 'outcome'],
    registers,
  })
  const duration = new Histogram({
    name: 'carabiner_dispatch_duration_seconds',
    help: 'Time from dispatch to outcome',
    labelNames: ['event'],
    buckets: dispatchBuckets,
    registers,
  })
  const failures = new Counter({
    name: 'carabiner_handler_failures_total',
    help: 'Handlers that failed, by connector, phase and code',
    labelNames: ['connector', 'phase', 'code'],
    registers,
  })
  return {
    finished(outcome) {
      const { event, kind, durationMs } = outcome
      outcomes.inc({ event, outcome: kind })
      duration.observe({ event }, durationMs / 1_000)
      for (const { connector, phase, code } of failuresOf(outcome)) {
        failures.inc({ connector, phase, code })
      }
    },
  }
}

interface CountedFailure {
  readonly connector: string
  readonly phase: string
  readonly code: string
}

function failuresOf(outcome: Outcome): readonly CountedFailure[] {
  switch (outcome.kind) {
    case 'completed':
      return outcome.results.flatMap((result) =>
        'error' in result
          ? [{ connector: result.connector, phase: 'on', code: result.error.code }]
          : [],
      )
    case 'cancelled':
      return outcome.also
    case 'failed':
      return outcome.failures
  }
}
