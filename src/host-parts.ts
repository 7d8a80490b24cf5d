import { KeyBook } from './access/key-book.ts'
import { RateLimiter } from './access/rate-limiter.ts'
import type { Assembly } from './assembly/assembly.ts'
import { type Clock, systemClock } from './clock.ts'
import type { LookupAll } from './delivery/egress/host-lookup.ts'
import { DeliveryEngine } from './delivery/engine.ts'
import type { LastingParts } from './generation.ts'
import { type HostMetrics, openMetrics, silentMetrics } from './host-metrics.ts'
import { newId } from './ids.ts'
import type { HostLogger } from './log.ts'
import { packageVersion } from './own-package.ts'
import { type HostParking, openParking } from './parking/open-parking.ts'
import { type LazySenders, lazySenders, silentSenders } from './senders.ts'
import { openStore } from './store/open-store.ts'
import type { Store } from './store/store.ts'

/** What a host is made of, whatever assembly it runs: it outlives reloads. */
export interface HostParts {
  readonly id: string
  readonly clock: Clock
  readonly log: HostLogger
  readonly store: Store
  readonly metrics: HostMetrics
  readonly engine: DeliveryEngine
  readonly parking: HostParking
  /** As the connectors of an assembly see them. */
  readonly lasting: LastingParts
  /** Lets deliveries in flight finish for at most `withinMs`, and gives the rest back to the store. */
  drain(withinMs: number): Promise<void>
  /** Closes everything, once it is drained. */
  close(): Promise<void>
}

export interface HostPartsOptions {
  readonly assembly: Assembly
  readonly log: HostLogger
  readonly clock?: Clock
  readonly lookup?: LookupAll
  readonly store?: Store
  /** `serve`: with listeners. `work`: without. `rehearse`: on a store in memory, and nothing is sent. */
  readonly purpose: 'serve' | 'work' | 'rehearse'
}

/** Opens the store and makes the parts, without starting anything. @throws {CarabinerError} STORE_UNAVAILABLE */
export async function openHostParts(options: HostPartsOptions): Promise<HostParts> {
  const { assembly, log, clock = systemClock, purpose } = options
  const rehearses = purpose === 'rehearse'
  const store =
    options.store ??
    (await openStore(rehearses ? 'memory:' : assembly.host.store, {
      clock,
      audit: { writer: assembly.host.name, keys: assembly.host.auditKeys },
    }))
  const metrics =
    purpose === 'serve'
      ? await openMetrics({ store, clock, circuits: () => engine.circuits() })
      : silentMetrics
  const senders = rehearses ? silentSenders() : lazySenders(assembly, clock, options.lookup)
  const id = newId()
  const parking = openParking({
    ...{ hostId: id, store, clock, log: log.child({ part: 'parking' }) },
    observe: metrics.dispatches,
  })
  const engine = createEngine(id, options, { store, metrics, senders, clock })
  return {
    id,
    clock,
    log,
    store,
    metrics,
    engine,
    parking,
    lasting: {
      clock,
      log,
      store,
      apiKeys: new KeyBook(store, clock),
      limits: new RateLimiter(store, clock),
      parking: parking.keeper,
      callbacks: parking.callbacks,
      metrics: metrics.scope,
      observe: metrics.dispatches,
      outbox: engine.outbox,
      deliveries: engine,
      redeliveries: engine.redeliveries,
    },
    drain: (withinMs) => engine.stop(withinMs),
    async close() {
      await senders[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
    },
  }
}

interface EngineParts {
  readonly store: Store
  readonly metrics: HostMetrics
  readonly senders: LazySenders
  readonly clock: Clock
}

function createEngine(
  hostId: string,
  { assembly, log }: HostPartsOptions,
  { store, metrics, senders, clock }: EngineParts,
): DeliveryEngine {
  const { bodyLimit, keptReply, window } = assembly.host.deliveries
  return new DeliveryEngine({
    store,
    clock,
    log: log.child({ part: 'delivery' }),
    hostId,
    version: packageVersion(),
    senders,
    observe: metrics.deliveries,
    bodyLimit,
    keptReplyBytes: keptReply,
    window,
    ...(metrics.traces !== undefined && { trace: metrics.traces }),
  })
}
