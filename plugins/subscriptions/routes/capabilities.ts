import { answer, type ConnectorRoute } from 'carabiner'
import { Type } from 'typebox'
import { apiRoute } from '../api-route.ts'
import { capabilitiesOf, intentTypesOf } from '../capabilities.ts'
import type { SubscriptionsConfig } from '../config.ts'
import { success } from '../schemas/fields.ts'

const Capabilities = success({
  capabilities: Type.Array(Type.String({ minLength: 3, maxLength: 120 }), { minItems: 1 }),
  supported_intent_types: Type.Array(Type.String({ pattern: '^intent\\.[a-z0-9_]+\\.v1$' }), {
    minItems: 1,
  }),
})

export const capabilityRoutes: readonly ConnectorRoute<SubscriptionsConfig>[] = [
  apiRoute({
    method: 'GET',
    path: '/v1/capabilities',
    scope: 'read',
    operation: {
      id: 'getCapabilities',
      summary: 'What this host can do, and for which events',
      tags: ['capabilities'],
    },
    success: { description: 'What it can do now', body: Capabilities },
    async handle({ service: { scope } }) {
      return answer({
        ok: true,
        capabilities: capabilitiesOf(scope.connectors),
        supported_intent_types: intentTypesOf(scope.events, scope.config.intent_types),
      })
    },
  }),
]
