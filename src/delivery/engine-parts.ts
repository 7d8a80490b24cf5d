import type { Lease } from '../store/store.ts'
import { defaultKeptReplyBytes } from './attempt.ts'
import { Claimer } from './claimer.ts'
import { Custody } from './custody.ts'
import { DeliveryRunner } from './delivery-runner.ts'
import type { EndpointQueue } from './endpoint-queue.ts'
import { EndpointRegistry } from './endpoint-registry.ts'
import type { EngineMode } from './engine-mode.ts'
import { type DeliveryEngineOptions, defaultBodyLimit } from './engine-options.ts'
import { Heartbeat } from './heartbeat.ts'
import { HeldDeliveries } from './held-deliveries.ts'
import { MissingEndpoints } from './missing-endpoints.ts'
import { Outbox } from './outbox.ts'
import { OwnDeliveries } from './own-deliveries.ts'
import { Redeliveries } from './redelivery/redeliveries.ts'
import { Settler } from './settler.ts'
import { SideWork } from './side-work.ts'

/**
 * What an engine is made of, joined: the outbox stores, the claimer fetches, the runner sends, the settler records, the heartbeat
 * keeps the leases, and custody says what becomes of a delivery on its way from one to the next.
 */
export class EngineParts {
  readonly mode: EngineMode = { current: 'idle' }
  readonly own: OwnDeliveries = new OwnDeliveries()
  readonly side: SideWork
  readonly held: HeldDeliveries
  readonly registry: EndpointRegistry
  readonly missing: MissingEndpoints
  readonly custody: Custody
  readonly settler: Settler
  readonly heartbeat: Heartbeat
  readonly runner: DeliveryRunner
  readonly claimer: Claimer
  readonly outbox: Outbox
  readonly redeliveries: Redeliveries
  readonly #options: DeliveryEngineOptions

  constructor(options: DeliveryEngineOptions) {
    const { store, clock, log } = options
    this.#options = options
    this.side = new SideWork(log)
    this.held = new HeldDeliveries(options.window ?? 1_000)
    this.registry = this.#createRegistry()
    this.missing = new MissingEndpoints({ store, clock, log, registry: this.registry })
    this.custody = this.#createCustody()
    this.settler = this.#createSettler()
    this.heartbeat = this.#createHeartbeat()
    this.runner = this.#createRunner()
    this.claimer = this.#createClaimer()
    this.outbox = this.#createOutbox()
    this.redeliveries = this.#createRedeliveries()
  }

  #createRegistry(): EndpointRegistry {
    const { store, clock, log, version, observe } = this.#options
    const tooEarly = (queue: EndpointQueue): void => this.custody.giveBackWaiting(queue)
    return new EndpointRegistry({ store, clock, log, version, observe, tooEarly })
  }

  #createCustody(): Custody {
    const { store, clock, log, hostId, observe } = this.#options
    const { mode, held, own, registry, side } = this
    return new Custody({
      store,
      clock,
      log,
      hostId,
      observe,
      mode,
      held,
      own,
      registry,
      side,
      send: (delivery) => this.runner.start(delivery),
      wake: () => this.claimer.wake(),
      retryAt: (endpoint, dueAt) => this.claimer.retryAt(endpoint, dueAt),
    })
  }

  #createSettler(): Settler {
    const { store, clock, log, observe } = this.#options
    return new Settler({
      store,
      clock,
      log,
      observe,
      held: this.held,
      settling: () => this.claimer.wake(),
      settled: (held, settlement, ours) => {
        this.custody.settled(held, settlement, ours)
        this.redeliveries.hasRoom(held.delivery)
      },
      failed: (held) => this.custody.giveBack([held]),
    })
  }

  #createHeartbeat(): Heartbeat {
    const { store, clock, log, hostId } = this.#options
    return new Heartbeat({
      store,
      clock,
      log,
      hostId,
      held: this.held,
      mayRecover: () => this.mode.current === 'delivering' && this.settler.trouble === undefined,
      recovered: (deliveries) => {
        log.info({ deliveries }, 'deliveries of a dead host are due again')
        this.claimer.sweep()
      },
      lost: (held) => this.custody.lost(held),
      flush: () => this.registry.flush(),
    })
  }

  #createRunner(): DeliveryRunner {
    const { clock, log, hostId, senders, random, keptReplyBytes, observe, trace } = this.#options
    return new DeliveryRunner({
      clock,
      log,
      hostId,
      registry: this.registry,
      sender: () => senders.deliver(),
      random: random ?? Math.random,
      keptReplyBytes: keptReplyBytes ?? defaultKeptReplyBytes,
      isAlive: (now) => this.heartbeat.isAlive(now),
      settle: (held, settlement) => this.settler.add(held, settlement),
      giveBack: (held) => this.custody.giveBack([held]),
      gone: (held, reason) => this.custody.gone(held, reason),
      observe,
      trace,
    })
  }

  #createClaimer(): Claimer {
    const { store, clock, log, observe } = this.#options
    return new Claimer({
      store,
      clock,
      log,
      observe,
      registry: this.registry,
      held: this.held,
      lease: (now) => this.heartbeat.lease(now),
      mayClaim: (now) => this.heartbeat.isAlive(now) && this.settler.trouble === undefined,
      claimed: (delivery, lease) => this.custody.take(delivery, lease),
    })
  }

  #createOutbox(): Outbox {
    const { store, clock, observe, bodyLimit } = this.#options
    return new Outbox({
      store,
      clock,
      observe,
      registry: this.registry,
      held: this.held,
      bodyLimit: bodyLimit ?? defaultBodyLimit,
      trouble: () => this.settler.trouble,
      lease: (now) => this.#leaseForCommit(now),
      claimed: (delivery, lease) => this.custody.take(delivery, lease),
      accepted: (deliveries) => {
        observe?.accepted(deliveries.length)
        if (this.mode.current === 'holding') for (const { id } of deliveries) this.own.add(id)
      },
      left: () => this.claimer.wake(),
    })
  }

  #createRedeliveries(): Redeliveries {
    const { store, clock, log, hostId, observe } = this.#options
    const { registry } = this
    const wake = (): void => this.claimer.wake()
    return new Redeliveries({ store, clock, log, hostId, registry, observe, wake })
  }

  /** What is committed may be sent at once, unless nothing is sent now. */
  #leaseForCommit(now: number): Lease | undefined {
    const sends = this.mode.current === 'delivering' || this.mode.current === 'holding'
    if (!sends || !this.heartbeat.isAlive(now)) return undefined
    return this.heartbeat.lease(now)
  }
}
