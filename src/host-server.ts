import type { AssembledConnector, Assembly } from './assembly/assembly.ts'
import { redeliverEvent } from './bus/built-in-events.ts'
import { ConnectorHealth } from './connector/connector-health.ts'
import { routesOf } from './connector/lifecycle.ts'
import { ProxyCheck } from './delivery/egress/proxy-check.ts'
import type { HostParts } from './host-parts.ts'
import { packageVersion } from './own-package.ts'
import type { AssemblyDescription, HealthCheck, HostFace, HostState } from './server/host-face.ts'
import type { RunningServer } from './server/server.ts'
import type { ServerOptions } from './server/server-options.ts'

/** What the server asks of a host that runs. */
export interface ServedHost {
  /** The one at work now: a reload brings secrets of its own. */
  readonly assembly: Assembly
  readonly state: HostState
  readonly dispatch: HostFace['dispatch']
  describe(): AssemblyDescription
}

/** Opens the listeners of a host's first assembly. The server is loaded here: commands do without. */
export async function openServer(host: ServedHost, parts: HostParts): Promise<RunningServer> {
  const { registry } = parts.metrics
  if (registry === undefined) throw new TypeError('a host that listens counts what it does')
  const { startServer } = await import('./server/server.ts')
  return startServer({
    config: host.assembly.host.server,
    face: faceOf(host, parts),
    redactor: {
      text: (text) => host.assembly.redactor.text(text),
      value: (value) => host.assembly.redactor.value(value),
    },
    clock: parts.clock,
    log: parts.log.child({ part: 'server' }),
    version: packageVersion(),
    metrics: registry,
    announced: host.assembly.connectors.flatMap(announcedBy),
  })
}

function announcedBy({
  connector,
  ...instance
}: AssembledConnector): NonNullable<ServerOptions['announced']> {
  try {
    return routesOf(connector, instance)
  } catch {
    return [] // When it is set up it fails in the same way, and says so.
  }
}

function faceOf(host: ServedHost, { store, engine, parking, clock }: HostParts): HostFace {
  const proxyCheck = new ProxyCheck(clock)
  const connectorHealth = new ConnectorHealth(clock)
  const proxyHealth = async (): Promise<readonly HealthCheck[]> => {
    const { proxy } = host.assembly.host.egress
    return proxy === null ? [] : [{ name: 'proxy', ...(await proxyCheck.look(proxy)) }]
  }
  return {
    store,
    dispatch: (event, params, options) => host.dispatch(event, params, options),
    parkedDispatch: (id) => parking.dispatches.find(id),
    describe: () => host.describe(),
    state: () => host.state,
    async health() {
      const [ofStore, ofProxy, ofConnectors] = await Promise.all([
        engine.health(),
        proxyHealth(),
        connectorHealth.look(host.assembly.connectors),
      ])
      const ofEndpoints = engine.endpointChecks()
      return [{ name: store.name, ...ofStore }, ...ofProxy, ...ofConnectors, ...ofEndpoints]
    },
    redeliver: (filter, cause) => host.dispatch(redeliverEvent.name, { filter }, cause),
    stopRedelivery: (id, cause) => engine.redeliveries.stop(id, cause),
    erase: (target, cause) => engine.erase(target, cause),
  }
}
