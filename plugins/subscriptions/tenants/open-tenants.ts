import type { Scope } from 'carabiner'
import type { SubscriptionsConfig } from '../config.ts'
import { publishEvent } from '../publish-event.ts'
import { publishToTenant } from './publish.ts'
import { receiversOf } from './receiver.ts'

/** Makes the receivers of tenants known to the delivery engine, and tells them of what is published to their tenant. */
export function openTenants(scope: Scope<SubscriptionsConfig>): void {
  const { tenants, http } = scope.config
  const receivers = receiversOf(tenants, http, `${scope.id}.tenants`)
  for (const { endpoint } of receivers) scope.deliveries.endpoint(endpoint)
  scope.on(publishEvent, (context) => publishToTenant(scope, receivers, context), {
    name: 'tenants',
    when: { required: ['tenant'] },
  })
}
