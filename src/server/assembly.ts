import type { Redactor } from '../assembly/redactor.ts'
import type { EndpointState } from '../store/store.ts'
import type { App } from './app.ts'
import { noQuery } from './empty-schemas.ts'
import { success } from './envelope.ts'
import type { DescribedEndpoint, HostFace, ListedEndpoint } from './host-face.ts'

export interface AssemblyOptions {
  readonly face: Pick<HostFace, 'describe' | 'store'>
  readonly redactor: Redactor
}

/** Endpoints that are listed: tenants may have more. */
const mostEndpoints = 1_000

/** `GET /api/v1/assembly`: connectors, events with schemas, handlers in run order, endpoints with their state, families by their number. */
export function assemblyRoutes(app: App, { face, redactor }: AssemblyOptions): void {
  app.get('/api/v1/assembly', { schema: { querystring: noQuery } }, async () => {
    const { endpoints, ...assembled } = face.describe()
    const listed = endpoints.slice(0, mostEndpoints)
    const states = await face.store.endpointStates(listed.map(({ id }) => id))
    const shown = {
      ...assembled,
      endpoints: withStates(listed, states),
      endpointsLeftOff: endpoints.length - listed.length,
    }
    return success(redactor.value(shown))
  })
}

function withStates(
  endpoints: readonly DescribedEndpoint[],
  states: readonly EndpointState[],
): ListedEndpoint[] {
  const stateOf = new Map(states.map((state) => [state.endpoint, state]))
  return endpoints.map((endpoint) => ({ ...endpoint, ...shownState(stateOf.get(endpoint.id)) }))
}

function shownState(state: EndpointState | undefined): Omit<ListedEndpoint, 'id' | 'url'> {
  return {
    circuit: state?.circuit ?? 'closed',
    consecutiveFailures: state?.consecutiveFailures ?? 0,
    probeAt: state?.probeAt ?? null,
    pausedUntil: state?.pausedUntil ?? null,
    disabledReason: state?.disabledReason ?? null,
    lastSuccessAt: state?.lastSuccessAt ?? null,
    lastErrorAt: state?.lastErrorAt ?? null,
    lastError: state?.lastError ?? null,
  }
}
