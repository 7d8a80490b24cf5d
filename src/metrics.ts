import { Registry } from 'prom-client'
import type { DispatchObserver } from './bus/bus.ts'
import type { Clock } from './clock.ts'
import type { Metrics } from './connector/scope.ts'
import type { DeliveryObserver } from './delivery/delivery-observer.ts'
import type { CircuitCounts } from './delivery/endpoint-status.ts'
import { circuitMetrics } from './metrics/circuit-metrics.ts'
import { connectorMetrics } from './metrics/connector-metrics.ts'
import { deliveryMetrics } from './metrics/delivery-metrics.ts'
import { dispatchMetrics } from './metrics/dispatch-metrics.ts'
import { processMetrics } from './metrics/process-metrics.ts'
import { storeMetrics } from './metrics/store-metrics.ts'
import type { Store } from './store/store.ts'

export interface MetricsOptions {
  readonly store: Pick<Store, 'backlog'>
  /** Asked whenever somebody asks for the metrics. */
  readonly circuits: () => CircuitCounts
  readonly clock: Clock
  readonly version: string
}

/** Where a host counts what it does, in a registry of its own. */
export interface CreatedMetrics {
  readonly dispatches: DispatchObserver
  readonly deliveries: DeliveryObserver
  /** What connectors add. */
  readonly scope: Metrics
  readonly registry: Registry
}

/** Everything `/metrics` shows. */
export function createMetrics({ store, circuits, clock, version }: MetricsOptions): CreatedMetrics {
  const registry = new Registry()
  processMetrics(registry, version)
  storeMetrics(registry, store, clock)
  circuitMetrics(registry, circuits)
  return {
    dispatches: dispatchMetrics(registry),
    deliveries: deliveryMetrics(registry),
    scope: connectorMetrics(registry),
    registry,
  }
}
