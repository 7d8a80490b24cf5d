import { type Connector, defineConnector } from 'carabiner'
import type { TUnsafe } from 'typebox'
import { checks } from './checks.ts'
import { commands } from './commands/commands.ts'
import { SubscriptionsConfig } from './config.ts'
import { example } from './example.ts'
import { inspect } from './inspect.ts'
import { publish } from './publish.ts'
import { publishEvent } from './publish-event.ts'
import { capabilityRoutes } from './routes/capabilities.ts'
import { deliveryRoutes } from './routes/deliveries.ts'
import { eventRoutes } from './routes/events.ts'
import { secretRoutes } from './routes/secrets.ts'
import { subscriptionRoutes } from './routes/subscriptions.ts'
import { testRoutes } from './routes/tests.ts'
import { openService } from './service.ts'
import { executionsRoute } from './tenants/executions-route.ts'
import { openTenants } from './tenants/open-tenants.ts'

/** Lets other programs subscribe URLs to event types, publish events and replay them. */
const subscriptions: Connector<TUnsafe<SubscriptionsConfig>> = defineConnector({
  name: 'subscriptions',
  description: 'Lets other programs subscribe URLs to event types, publish events and replay them',
  config: SubscriptionsConfig,
  example,
  inspect,
  events: [publishEvent],
  checks,
  commands,
  routes: [
    ...subscriptionRoutes,
    ...secretRoutes,
    ...testRoutes,
    ...eventRoutes,
    ...deliveryRoutes,
    ...capabilityRoutes,
    executionsRoute,
  ],

  setup(scope) {
    const service = openService(scope)
    scope.on(publishEvent, (context) => publish(service, context), {
      name: 'owners',
      when: { required: ['owner'], not: { required: ['tenant'] } },
    })
    openTenants(scope)
  },
})

export default subscriptions
