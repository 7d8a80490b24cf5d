import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client'

/** What this process is: its version and Node's own metrics. */
export function processMetrics(registry: Registry, version: string): void {
  new Gauge({
    name: 'carabiner_build_info',
    help: 'Always 1; the version is its label',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version, node: process.version }, 1)
  collectDefaultMetrics({ register: registry })
}
