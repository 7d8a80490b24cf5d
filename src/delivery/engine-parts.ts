import type { Lease } from '../store/store.ts'
import { defaultKeptReplyBytes } from './attempt.ts'
import { Claimer } from './claimer.ts'
import { Custody } from './custody.ts'
import { DeliveryRunner } from './delivery-runner.ts'
import type { EndpointQueue } from './endpoint-queue.ts'
import { EndpointRegistry } from './endpoint-registry.ts'
import type { EngineMode } from './engine-mode.ts'
import { type DeliveryEngineOptions, defaultBodyLimit } from './engine-options.ts'
import { DueMembers } from './family/due-members.ts'
import { Families } from './family/families.ts'
import { FamilyBook } from './family/family-book.ts'
import { Members } from './family/members.ts'
import { Heartbeat } from './heartbeat.ts'
import { HeldDeliveries } from './held-deliveries.ts'
import { MissingEndpoints } from './missing-endpoints.ts'
import { Outbox } from './outbox.ts'
import { OwnDeliveries } from './own-deliveries.ts'
import { Redeliveries } from './redelivery/redeliveries.ts'
import { Sending } from './sending.ts'
import { SentDeliveries } from './sent-deliveries.ts'
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
  readonly families: Families = new Families()
  readonly members: Members
  readonly dueMembers: DueMembers
  readonly familyBook: FamilyBook
  readonly missing: MissingEndpoints
  readonly custody: Custody
  readonly settler: Settler
  readonly heartbeat: Heartbeat
  readonly runner: DeliveryRunner
  readonly claimer: Claimer
  readonly outbox: Outbox
  readonly sent: SentDeliveries
  readonly sending: Sending
  readonly redeliveries: Redeliveries
  readonly #options: DeliveryEngineOptions

  constructor(options: DeliveryEngineOptions) {
    const { store, clock, log } = options
    this.#options = options
    this.side = new SideWork(log)
    this.held = new HeldDeliveries(options.window ?? 1_000)
    this.registry = this.#createRegistry()
    this.members = this.#createMembers()
    this.dueMembers = this.#createDueMembers()
    this.familyBook = this.#createFamilyBook()
    this.sent = new SentDeliveries({ store, clock, log, held: this.held })
    this.missing = this.#createMissing()
    this.custody = this.#createCustody()
    this.settler = this.#createSettler()
    this.heartbeat = this.#createHeartbeat()
    this.runner = this.#createRunner()
    this.claimer = this.#createClaimer()
    this.outbox = this.#createOutbox()
    this.sending = new Sending({ clock, mode: this.mode, outbox: this.outbox, sent: this.sent })
    this.redeliveries = this.#createRedeliveries()
  }

  #createRegistry(): EndpointRegistry {
    const { store, clock, log, version, observe } = this.#options
    const tooEarly = (queue: EndpointQueue): void => void this.custody.giveBackWaiting(queue)
    const { families } = this
    const absent = (endpoint: string): void => {
      if (families.of(endpoint) !== undefined) this.dueMembers.want(endpoint)
    }
    const parts = { store, clock, log, version, observe, families, absent, tooEarly }
    return new EndpointRegistry(parts)
  }

  #createMembers(): Members {
    const { store, clock, log, mostIdleEndpoints: mostIdle } = this.#options
    return new Members({
      store,
      clock,
      log,
      ...(mostIdle !== undefined && { mostIdle }),
      registry: this.registry,
      families: this.families,
      held: this.held,
      due: () => this.dueMembers,
      giveBack: (queue) => this.custody.giveBackWaiting(queue),
    })
  }

  #createDueMembers(): DueMembers {
    const { store, clock, log } = this.#options
    const { held, members } = this
    return new DueMembers({ store, clock, log, held, members, wake: () => this.claimer.wake() })
  }

  #createFamilyBook(): FamilyBook {
    const { families, members, dueMembers, registry } = this
    return new FamilyBook({ families, members, dueMembers, registry, notice: this.#options })
  }

  #createMissing(): MissingEndpoints {
    const { store, clock, log } = this.#options
    const { registry, families } = this
    return new MissingEndpoints({ store, clock, log, registry, families })
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
        if (ours) this.sent.settled(held, settlement)
        if (held.endpoint.membership !== undefined) this.dueMembers.hasRoom()
      },
      failed: (held) => void this.custody.giveBack([held]),
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
      confirm: (endpoint) => this.members.confirmOne(endpoint.id),
      isAlive: (now) => this.heartbeat.isAlive(now),
      settle: (held, settlement) => this.settler.add(held, settlement),
      giveBack: (held) => void this.custody.giveBack([held]),
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
      dueMembers: this.dueMembers,
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
      members: this.members,
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
    const { registry, members } = this
    const wake = (): void => this.claimer.wake()
    return new Redeliveries({ store, clock, log, hostId, registry, members, observe, wake })
  }

  /** What is committed may be sent at once, unless nothing is sent now. */
  #leaseForCommit(now: number): Lease | undefined {
    const sends = this.mode.current === 'delivering' || this.mode.current === 'holding'
    if (!sends || !this.heartbeat.isAlive(now)) return undefined
    return this.heartbeat.lease(now)
  }
}
