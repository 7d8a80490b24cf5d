import type { Assembly } from './assembly/assembly.ts'
import type { Clock } from './clock.ts'
import type { LookupAll } from './delivery/egress/host-lookup.ts'
import { openHostParts } from './host-parts.ts'
import type { HostLogger } from './log.ts'
import { RunningHost } from './running-host.ts'
import type { Validator } from './schema/validator.ts'
import type { Store } from './store/store.ts'

export type { RunningHost } from './running-host.ts'

/** What a host is started with. */
export interface HostOptions {
  readonly assembly: Assembly
  /** The validator the assembly was loaded with: one per assembly. */
  readonly validator: Validator
  readonly log: HostLogger
  /** Opens the listeners of the assembly. @defaultValue true */
  readonly listen?: boolean
  /** Claims and sends whatever is due in the store, whoever committed it. @defaultValue true */
  readonly deliver?: boolean
  readonly clock?: Clock
  /** An open store, in place of that of the assembly; it ends with the host. @defaultValue the assembly's is opened */
  readonly store?: Store
  /** Asks DNS for the addresses of a host name. @defaultValue the operating system's resolver */
  readonly lookup?: LookupAll
  /** Called when everything has started, before the host says that it is ready; a rejection stops it again. */
  readonly beforeReady?: (host: RunningHost) => Promise<void>
}

/**
 * Starts a host: opens the store and the listeners, wires the assembly, sets connectors up, dispatches `startup`. Until all of that
 * is done the listeners say that it is starting.
 *
 * @throws {AssemblyError} ASSEMBLY_INVALID: connectors handle events that nobody declares
 * @throws {AggregateError} a ConnectorError for each connector that did not start
 * @throws {CarabinerError} STORE_UNAVAILABLE, LISTEN_FAILED, or CONNECTOR_FAILED when `startup` did not complete or a route
 * cannot be served
 */
export async function startHost(options: HostOptions): Promise<RunningHost> {
  const { listen = true, deliver = true, assembly, validator } = options
  const parts = await openHostParts({ ...options, purpose: listen ? 'serve' : 'work' })
  const host = new RunningHost(parts, assembly)
  try {
    if (listen) await host.listen()
    await host.wire(validator)
    await host.start(deliver)
    await options.beforeReady?.(host)
    await host.serve()
    return host
  } catch (error) {
    await host.abandon()
    throw error
  }
}

/**
 * Wires an assembly to be looked at: connectors are set up against a store in memory; nothing is dispatched, sent or listened to.
 * End it with `abandon`.
 *
 * @throws as `startHost`, but for `startup`, the store and the listeners
 */
export async function wireHost(
  options: Pick<HostOptions, 'assembly' | 'validator' | 'log' | 'clock'>,
): Promise<RunningHost> {
  const parts = await openHostParts({ ...options, purpose: 'rehearse' })
  const host = new RunningHost(parts, options.assembly)
  try {
    await host.wire(options.validator)
    return host
  } catch (error) {
    await host.abandon()
    throw error
  }
}
