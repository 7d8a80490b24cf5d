import { Counter, Histogram, type Registry } from 'prom-client'
import type { DispatchObserver } from '../bus/bus.ts'

/** Seconds, from a handler without I/O to the default deadline. */
const dispatchBuckets = [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30]

/** Counts dispatches by event and outcome, times them, and counts the handlers that failed. */
export function dispatchMetrics(registry: Registry): DispatchObserver {
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
    finished({ event, kind, durationMs }) {
      outcomes.inc({ event, outcome: kind })
      duration.observe({ event }, durationMs / 1_000)
    },
    handlerFailed: ({ connector, phase, code }) => failures.inc({ connector, phase, code }),
  }
}
