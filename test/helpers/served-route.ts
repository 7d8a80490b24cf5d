import type { ConnectorRoute } from '../../src/connector/route.ts'
import type { Scope } from '../../src/connector/scope.ts'
import type { ServedRoute } from '../../src/server/host-face.ts'

/** A route of the connector `things` that does not look at its scope: `GET /v1/things`, unless it says otherwise. */
export function aRoute(given: Partial<ConnectorRoute>): ServedRoute {
  const route: ConnectorRoute = { method: 'GET', path: '/v1/things', handle: () => null, ...given }
  // Proof of the cast: these handlers do not look at their scope.
  const scope = {} as Scope
  return {
    connector: 'things',
    route,
    admit: async (head) => route.admit?.(head, scope),
    handle: async (request) => route.handle(request, scope),
  }
}
