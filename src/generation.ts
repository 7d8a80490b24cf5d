import type { KeyBook } from './access/key-book.ts'
import type { RateLimiter } from './access/rate-limiter.ts'
import type { AssembledConnector, Assembly } from './assembly/assembly.ts'
import type { DispatchObserver } from './bus/bus.ts'
import { Bus } from './bus/bus.ts'
import type { Outbox } from './bus/outbox.ts'
import type { Parking } from './bus/parking.ts'
import { Channels } from './channels/channels.ts'
import type { Clock } from './clock.ts'
import type { ScopeParts } from './connector/create-scope.ts'
import { type StartedConnector, startConnectors, stopConnectors } from './connector/lifecycle.ts'
import type { Metrics } from './connector/scope.ts'
import type { Deliveries, OutboundMessage } from './delivery/deliveries.ts'
import { handleRedeliver } from './delivery/redelivery/redeliver-handler.ts'
import type { Redeliveries } from './delivery/redelivery/redeliveries.ts'
import { InFlight } from './in-flight.ts'
import type { HostLogger } from './log.ts'
import type { HostCallbacks } from './parking/host-callbacks.ts'
import type { Validator } from './schema/validator.ts'
import type { ServedRoute } from './server/host-face.ts'
import { startError } from './start-error.ts'
import type { Store } from './store/store.ts'

/** The parts of a host that outlive a reload. */
export interface LastingParts {
  readonly clock: Clock
  readonly log: HostLogger
  readonly store: Store
  readonly apiKeys: Pick<KeyBook, 'find'>
  readonly limits: Pick<RateLimiter, 'take'>
  readonly parking: Parking
  readonly callbacks: HostCallbacks
  readonly metrics: Metrics
  readonly observe: DispatchObserver
  readonly outbox: Outbox<OutboundMessage>
  readonly deliveries: Omit<Deliveries, 'owe'>
  readonly redeliveries: Pick<Redeliveries, 'one' | 'many'>
}

/** One assembly at work: its bus, channels and connectors. A reload starts the next one before it ends the last. */
export interface Generation {
  /** 1 for the first assembly, one more with each reload. */
  readonly number: number
  readonly assembly: Assembly
  readonly bus: Bus<OutboundMessage>
  readonly connectors: readonly StartedConnector[]
  /** What its connectors answer over HTTP. */
  readonly routes: readonly ServedRoute[]
  /** Resolves when no event and no request to a route is in flight. */
  idle(): Promise<void>
  /** Waits for what is in flight, drains channels, then stops connectors in reverse. */
  stop(): Promise<void>
}

/**
 * Wires an assembly and sets its connectors up.
 *
 * @throws {AssemblyError} connectors handle events that nobody declares
 * @throws {AggregateError} a ConnectorError for each connector that did not start, and the AssemblyError if there is one
 */
export async function startGeneration(
  number: number,
  assembly: Assembly,
  validator: Validator,
  lasting: LastingParts,
): Promise<Generation> {
  const { clock, log, outbox, parking, observe } = lasting
  const eventTimeoutMs = assembly.host.eventTimeoutMs
  const bus = new Bus<OutboundMessage>({
    ...{ clock, log, validator, eventTimeoutMs, outbox, parking, observe },
  })
  const channels = new Channels({ clock, log })
  const ending = new AbortController()

  declareEvents(bus, assembly.connectors)
  const ids = assembly.connectors.map(({ id }) => id)
  bus.connectors(ids)
  handleRedeliver(bus, lasting.redeliveries)
  const partsOf = (id: string): ScopeParts => ({
    bus,
    channels,
    clock,
    deliveries: lasting.deliveries,
    store: lasting.store,
    apiKeys: lasting.apiKeys,
    limits: lasting.limits,
    callbacks: lasting.callbacks,
    metrics: lasting.metrics,
    connectors: ids,
    retentionMs: assembly.host.retentionMs,
    publicUrl: assembly.host.server.publicUrl,
    production: assembly.production,
    redact: assembly.redactor.text,
    generation: number,
    log: log.child({ connector: id }),
    signal: ending.signal,
  })
  const start = await startConnectors(assembly.connectors, partsOf, eventTimeoutMs)
  if (start.kind === 'failed') {
    ending.abort()
    await channels.stop()
    throw startError(start.failures, assembly)
  }
  const { connectors } = start
  const requests = new InFlight()
  const idle = async (): Promise<void> => {
    await requests.idle()
    await bus.idle()
  }

  return {
    number,
    assembly,
    bus,
    connectors,
    routes: connectors.flatMap((connector) => servedRoutes(connector, requests)),
    idle,
    async stop() {
      await idle()
      ending.abort()
      // What was published is still handed over: connectors take their subscriptions along when they stop.
      await channels.stop()
      await stopConnectors(connectors)
    },
  }
}

function servedRoutes(
  { id, routes, scope }: StartedConnector,
  requests: InFlight,
): readonly ServedRoute[] {
  return routes.map((route) => ({
    connector: id,
    route,
    admit: (head) => requests.track(() => route.admit?.(head, scope)),
    handle: (request) => requests.track(() => route.handle(request, scope)),
  }))
}

function declareEvents(bus: Bus<OutboundMessage>, connectors: readonly AssembledConnector[]): void {
  for (const { id, connector } of connectors) {
    for (const event of connector.events ?? []) bus.declare(event, id)
  }
}
