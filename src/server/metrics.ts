import type { Registry } from 'prom-client'
import type { App } from './app.ts'

/** `GET /metrics`: the text format of Prometheus. */
export function metricsRoutes(app: App, registry: Registry): void {
  app.get('/metrics', async (_request, reply) => {
    reply.header('content-type', registry.contentType)
    return registry.metrics()
  })
}
