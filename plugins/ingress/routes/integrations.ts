import { answer, type ConnectorRoute } from 'carabiner'
import { IntegrationBook, type IntegrationTimes } from '../books/integration-record.ts'
import type { IngressConfig } from '../config.ts'
import { IntegrationsAnswer, IntegrationsQuery } from '../schemas/integration.ts'
import type { Service } from '../service.ts'
import { integrationView } from '../views/integration-view.ts'
import { managementRoute } from './management-route.ts'

export const integrationRoutes: readonly ConnectorRoute<IngressConfig>[] = [
  managementRoute({
    method: 'GET',
    path: '/integrations',
    operation: { id: 'listIntegrations', summary: 'List the providers, in the assembly’s order' },
    query: IntegrationsQuery,
    success: { description: 'All of them; nothing that is secret', body: IntegrationsAnswer },
    async handle(service, request) {
      const { scope, integrations } = service
      const { provider, activeOnly = false } = request.query as IntegrationsQuery // as the schema says
      const times = await noteIntegrations(service)
      const found = [...integrations.values()].flatMap((each, index) => {
        const known = times[index]
        const isWanted = each.name === (provider ?? each.name) && (each.active || !activeOnly)
        return isWanted && known ? [integrationView(each, known, scope.redact)] : []
      })
      return answer(found, { meta: { total: found.length } })
    },
  }),
]

/** Since when each integration is known, in their order: what the assembly does not say is remembered from one host to the next. */
export function noteIntegrations({
  scope,
  integrations,
}: Pick<Service, 'scope' | 'integrations'>): Promise<readonly IntegrationTimes[]> {
  const book = new IntegrationBook(scope.records)
  return book.note([...integrations.values()], scope.clock.now())
}
