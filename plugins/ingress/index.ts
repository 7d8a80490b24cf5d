import { type Connector, defineConnector } from 'carabiner'
import type { TUnsafe } from 'typebox'
import { checks, unverifiedProviders } from './checks.ts'
import { commands } from './commands/commands.ts'
import { IngressConfig } from './config.ts'
import { example } from './example.ts'
import { ingressReceived, ingressReplay } from './ingress-events.ts'
import { inspect } from './inspect.ts'
import { endpointOf } from './processing/integration-endpoint.ts'
import { replay } from './processing/replay.ts'
import { Sweep } from './processing/sweep.ts'
import { deliveryRoutes } from './routes/deliveries.ts'
import { deliverySinkRoute } from './routes/delivery-sink.ts'
import { eventStatusRoutes } from './routes/event-status.ts'
import { eventRoutes } from './routes/events.ts'
import { integrationRoutes, noteIntegrations } from './routes/integrations.ts'
import { replayRoutes } from './routes/replays.ts'
import { webhookRoutes } from './routes/webhooks.ts'
import { openService } from './service.ts'

/** Takes providers' webhooks in, and delivers what they tell of to integrations. */
const ingress: Connector<TUnsafe<IngressConfig>> = defineConnector({
  name: 'ingress',
  description: 'Takes providers’ webhooks in, and delivers what they tell of to integrations',
  config: IngressConfig,
  example,
  inspect,
  events: [ingressReceived, ingressReplay],
  checks,
  commands,
  routes: [
    ...webhookRoutes,
    ...integrationRoutes,
    ...eventRoutes,
    ...eventStatusRoutes,
    ...replayRoutes,
    ...deliveryRoutes,
    deliverySinkRoute,
  ],

  setup(scope) {
    const service = openService(scope)
    for (const provider of unverifiedProviders(scope.config)) {
      scope.log.warn({ provider }, 'webhooks of this provider are taken unverified')
    }
    for (const integration of service.integrations.values()) {
      scope.deliveries.endpoint(endpointOf(service, integration))
    }
    scope.on('startup', async () => void (await noteIntegrations(service)))
    scope.on(ingressReplay, (context) => replay(service, context))
    return new Sweep(service)
  },
})

export default ingress
