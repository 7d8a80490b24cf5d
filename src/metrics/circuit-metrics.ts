import { Gauge, type Registry } from 'prom-client'
import type { CircuitCounts } from '../delivery/endpoint-status.ts'

/** A gauge of what the host has in hand: the store may know a million endpoints. */
export function circuitMetrics(registry: Registry, circuits: () => CircuitCounts): void {
  new Gauge({
    name: 'carabiner_circuits',
    help: 'Endpoints of the assembly, and those of families that this host has in use, by the state of their circuit',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      for (const [state, count] of Object.entries(circuits())) this.set({ state }, count)
    },
  })
}
