import type { AssembledConnector, Assembly } from './assembly/assembly.ts'
import type { DispatchObserver } from './bus/bus.ts'
import { Bus } from './bus/bus.ts'
import type { Outbox } from './bus/outbox.ts'
import { Channels } from './channels/channels.ts'
import type { Clock } from './clock.ts'
import type { ScopeParts } from './connector/create-scope.ts'
import { type StartedConnector, startConnectors, stopConnectors } from './connector/lifecycle.ts'
import type { Metrics } from './connector/scope.ts'
import type { Deliveries, OutboundMessage } from './delivery/deliveries.ts'
import type { HostLogger } from './log.ts'
import type { Validator } from './schema/validator.ts'
import type { Store } from './store/store.ts'

/** The parts of a host that outlive a reload. */
export interface LastingParts {
  readonly clock: Clock
  readonly log: HostLogger
  readonly store: Store
  readonly metrics: Metrics
  readonly observe: DispatchObserver
  readonly outbox: Outbox<OutboundMessage>
  readonly deliveries: Omit<Deliveries, 'owe'>
}

/** One assembly at work: its bus, channels and connectors. A reload starts the next one before it ends the last. */
export interface Generation {
  /** 1 for the first assembly, one more with each reload. */
  readonly number: number
  readonly assembly: Assembly
  readonly bus: Bus<OutboundMessage>
  readonly connectors: readonly StartedConnector[]
  /** Waits for the events in flight, drains channels, then stops connectors in reverse. */
  stop(): Promise<void>
}

/**
 * Wires an assembly and sets its connectors up.
 *
 * @throws {AggregateError} a CONNECTOR_FAILED for each connector that did not start
 */
export async function startGeneration(
  number: number,
  assembly: Assembly,
  validator: Validator,
  lasting: LastingParts,
): Promise<Generation> {
  const { clock, log, outbox, observe } = lasting
  const eventTimeoutMs = assembly.host.eventTimeoutMs
  const bus = new Bus<OutboundMessage>({ clock, log, validator, eventTimeoutMs, outbox, observe })
  const channels = new Channels({ clock, log })
  const ending = new AbortController()

  declareEvents(bus, assembly.connectors)
  bus.connectors(assembly.connectors.map(({ id }) => id))
  const partsOf = (id: string): ScopeParts => ({
    bus,
    channels,
    clock,
    deliveries: lasting.deliveries,
    store: lasting.store,
    metrics: lasting.metrics,
    generation: number,
    log: log.child({ connector: id }),
    signal: ending.signal,
  })
  const connectors = await startConnectors(assembly.connectors, partsOf).catch(
    async (error: unknown) => {
      ending.abort()
      await channels.stop()
      throw error
    },
  )

  return {
    number,
    assembly,
    bus,
    connectors,
    async stop() {
      await bus.idle()
      ending.abort()
      // What was published is still handed over: connectors take their subscriptions along when they stop.
      await channels.stop()
      await stopConnectors(connectors)
    },
  }
}

function declareEvents(bus: Bus<OutboundMessage>, connectors: readonly AssembledConnector[]): void {
  for (const { id, connector } of connectors) {
    for (const event of connector.events ?? []) bus.declare(event, id)
  }
}
