import type { AssembledConnector, Assembly } from './assembly/assembly.ts'
import type { HostOptions } from './host.ts'
import { openHostParts } from './host-parts.ts'
import { RunningHost } from './running-host.ts'
import type { Store } from './store/store.ts'

interface WireOptions extends Pick<HostOptions, 'assembly' | 'validator' | 'log' | 'clock'> {
  /** It ends with the host. */
  readonly store: Store
  /** The id of the connector. */
  readonly connector: string
}

/**
 * Sets one connector of an assembly up, on an open store; of the others there are only their events. Nothing is dispatched, sent or listened to.
 * End it with `abandon`.
 *
 * @throws as `startHost`, but for `startup`, the store and the listeners
 */
export async function wireConnector({
  assembly,
  connector,
  ...options
}: WireOptions): Promise<RunningHost> {
  const alone = withOnly(assembly, connector)
  const parts = await openHostParts({ ...options, assembly: alone, purpose: 'work' })
  const host = new RunningHost(parts, alone)
  try {
    await host.wire(options.validator)
    return host
  } catch (error) {
    await host.abandon()
    throw error
  }
}

function withOnly(assembly: Assembly, id: string): Assembly {
  const connectors = assembly.connectors.map((each) => (each.id === id ? each : bystander(each)))
  return { ...assembly, connectors }
}

/** It declares its events, and does nothing. */
function bystander({ connector, ...assembled }: AssembledConnector): AssembledConnector {
  const { name, events = [] } = connector
  return { ...assembled, connector: { name, events, setup() {} } }
}
