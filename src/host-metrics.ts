import type { Registry } from 'prom-client'
import type { DispatchObserver } from './bus/bus.ts'
import type { Metrics } from './connector/scope.ts'
import type { DeliveryObserver } from './delivery/delivery-observer.ts'
import type { DeliveryTracer } from './delivery/delivery-tracer.ts'
import type { MetricsOptions } from './metrics.ts'
import { packageVersion } from './own-package.ts'

/** Where a host counts what it does. */
export interface HostMetrics {
  readonly dispatches: DispatchObserver
  readonly deliveries: DeliveryObserver
  readonly scope: Metrics
  /** `undefined` where nobody records traces. */
  readonly traces: DeliveryTracer | undefined
  /** `undefined` where nobody can ask for metrics. */
  readonly registry: Registry | undefined
}

const ignore = (): void => {}

/** Metrics for a host that serves them; the library is loaded here, because most commands do without. */
export async function openMetrics(options: Omit<MetricsOptions, 'version'>): Promise<HostMetrics> {
  const { createMetrics } = await import('./metrics.ts')
  const { deliveryTracer } = await import('./tracing.ts')
  const version = packageVersion()
  const created = createMetrics({ ...options, version })
  const traces = deliveryTracer(version)
  // Failing handlers are counted with the outcome they end in.
  return { ...created, traces, dispatches: { ...created.dispatches, handlerFailed: ignore } }
}

/** For a host without listeners. */
export const silentMetrics: HostMetrics = {
  dispatches: { finished: ignore, handlerFailed: ignore },
  deliveries: {
    accepted: ignore,
    attempted: ignore,
    settled: ignore,
    circuit: ignore,
    stored: ignore,
    redelivered: ignore,
  },
  scope: {
    counter: () => ({ add: ignore }),
    histogram: () => ({ observe: ignore }),
  },
  traces: undefined,
  registry: undefined,
}
