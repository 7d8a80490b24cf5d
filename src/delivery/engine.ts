import type { Outbox as BusOutbox } from '../bus/outbox.ts'
import { CarabinerError, messageOf } from '../errors.ts'
import type { DeliveryId } from '../ids.ts'
import type { ClaimedDelivery, DeliveryRow, Lease, Settlement } from '../store/store.ts'
import { ask } from './ask.ts'
import { Claimer } from './claimer.ts'
import type { AskOptions, CircuitOpen, Deliveries, OutboundMessage } from './deliveries.ts'
import { DeliveryRunner } from './delivery-runner.ts'
import type { EndpointDefinition } from './endpoint.ts'
import { EndpointRegistry } from './endpoint-registry.ts'
import { type EndpointStatus, endpointStatus } from './endpoint-status.ts'
import type { DeliveryEngineOptions } from './engine-options.ts'
import { Heartbeat } from './heartbeat.ts'
import { HeldDeliveries, type HeldDelivery } from './held-deliveries.ts'
import { type MissingEndpoint, MissingEndpoints } from './missing-endpoints.ts'
import { Outbox } from './outbox.ts'
import { OwnDeliveries } from './own-deliveries.ts'
import { redeliver } from './redeliver.ts'
import type { CompleteReply, NoReply } from './sender.ts'
import { reportSettlement } from './settlement-report.ts'
import { Settler } from './settler.ts'
import { SideWork } from './side-work.ts'
import { waitAtMost } from './wait-at-most.ts'

export type { EndpointStatus } from './endpoint-status.ts'
export type { DeliveryEngineOptions } from './engine-options.ts'

/**
 * `idle`: stores what is committed, sends nothing. `holding`: keeps what this process commits, to send it in `drainOwn`.
 * `own`: sends that and nothing else. `delivering`: sends whatever is due in the store.
 */
type Mode = 'idle' | 'holding' | 'own' | 'delivering' | 'stopped'

/**
 * Everything that leaves the host leaves through here: stored first, then sent until it is settled, by one host at a time.
 *
 * Made of parts that each do one thing: the outbox stores, the claimer fetches, the runner sends, the settler records, the heartbeat keeps the leases.
 */
export class DeliveryEngine implements Omit<Deliveries, 'owe'> {
  /** Where the bus leaves what a dispatch owes. */
  readonly outbox: BusOutbox<OutboundMessage>
  readonly #options: DeliveryEngineOptions
  readonly #held: HeldDeliveries
  readonly #registry: EndpointRegistry
  readonly #settler: Settler
  readonly #heartbeat: Heartbeat
  readonly #runner: DeliveryRunner
  readonly #claimer: Claimer
  readonly #own = new OwnDeliveries()
  readonly #missing: MissingEndpoints
  readonly #side: SideWork
  #mode: Mode = 'idle'
  #starting: Promise<void> | undefined

  constructor(options: DeliveryEngineOptions) {
    const { store, clock, log, version, observe } = options
    this.#options = options
    this.#side = new SideWork(log)
    this.#held = new HeldDeliveries(options.window ?? 1_000)
    this.#registry = new EndpointRegistry({ store, clock, log, version, observe })
    this.#missing = new MissingEndpoints({ store, clock, log, registry: this.#registry })
    this.#settler = this.#createSettler()
    this.#heartbeat = this.#createHeartbeat()
    this.#runner = this.#createRunner()
    this.#claimer = this.#createClaimer()
    const outbox = this.#createOutbox()
    this.outbox = {
      ready: () => outbox.ready(),
      commit: async (owed) => {
        // What is known of the endpoints decides what may be sent at once.
        await this.#starting
        await outbox.commit(owed)
      },
    }
  }

  /**
   * Makes an endpoint known, from now on until it is disposed. One with the same id takes the place of the one before it:
   * its URL and secrets apply to what waits.
   *
   * @throws {CarabinerError} SECRET_INVALID
   */
  endpoint(definition: EndpointDefinition): Disposable {
    const before = this.#registry.get(definition.id)
    const queue = this.#registry.add(definition)
    if (before !== undefined) this.#giveBack(this.#waitingFor(before))
    this.#claimer.sweep()
    return {
      [Symbol.dispose]: () => {
        this.#registry.remove(queue)
        this.#giveBack(this.#waitingFor(queue))
      },
    }
  }

  /**
   * Stores messages. Resolves when they are durable.
   *
   * @throws {CarabinerError} STORE_UNAVAILABLE, MESSAGE_TOO_LARGE
   */
  send(messages: readonly OutboundMessage[]): Promise<void> {
    return this.outbox.commit(messages)
  }

  ask(
    endpoint: string,
    message: OutboundMessage,
    options: AskOptions,
  ): Promise<CompleteReply | NoReply | CircuitOpen> {
    const { clock, log, senders } = this.#options
    return ask(
      { clock, log, registry: this.#registry, sender: senders.ask },
      endpoint,
      message,
      options,
    )
  }

  /** Begins to show that this host lives and, unless `deliver` is false, to send whatever is due in the store. */
  start({ deliver = true }: { readonly deliver?: boolean } = {}): void {
    this.#mode = deliver ? 'delivering' : 'holding'
    this.#starting = this.#start().finally(() => {
      this.#starting = undefined
    })
  }

  /**
   * Sends what this process has committed since it was started with `deliver: false`, for at most `ms`; the rest goes back to the store, due at once.
   * Resolves to how many are not settled then.
   */
  async drainOwn(ms: number, signal?: AbortSignal): Promise<number> {
    if (this.#own.size === 0) return 0
    if (ms > 0) {
      this.#mode = 'own'
      this.#startWaiting()
      this.#claimer.start({ sweeps: false })
      await waitAtMost(this.#options.clock, ms, this.#own.allSettled(), signal)
    }
    await this.#cease(0)
    await this.#own.recount(this.#options.store).catch((error: unknown) => {
      this.#options.log.warn({ err: error }, 'the deliveries that are left could not be counted')
    })
    return this.#own.size
  }

  /**
   * Ends it: nothing more is claimed, what is being sent may finish within `timeoutMs`, the rest goes back to the store, due at once.
   * Never rejects; what cannot be said to the store is for the next host to find out.
   */
  async stop(timeoutMs: number): Promise<void> {
    await this.#cease(timeoutMs)
    this.#mode = 'stopped'
    const { store, hostId, log, clock } = this.#options
    const farewell = this.#heartbeat
      .stop()
      .then(() => this.#registry.flush())
      .then(() => store.leave(hostId))
      .catch((error: unknown) => log.warn({ err: error }, 'the store was not told of the stop'))
    await waitAtMost(clock, this.#settleTimeoutMs, farewell)
  }

  /**
   * Sends a settled delivery's message once more: a new delivery, same `webhook-id`.
   *
   * @throws {CarabinerError} DELIVERY_UNKNOWN, DELIVERY_UNSETTLED, ENDPOINT_UNKNOWN, STORE_UNAVAILABLE
   */
  async redeliver(
    id: DeliveryId,
    cause: { readonly actor: string } = { actor: 'host' },
  ): Promise<DeliveryRow> {
    const { store, clock } = this.#options
    const found = await store.delivery(id)
    if (found !== undefined && this.#registry.get(found.delivery.endpoint) === undefined) {
      throw unknownEndpoint(found.delivery.endpoint)
    }
    const row = await redeliver(store, clock, id, cause.actor)
    const queue = this.#registry.get(row.endpoint)
    if (queue !== undefined) queue.mayHaveDue = true
    this.#options.observe?.accepted(1)
    this.#claimer.wake()
    return row
  }

  /** Cancels what waits. Resolves to `false` when it is settled or being sent. @throws {CarabinerError} STORE_UNAVAILABLE */
  cancel(id: DeliveryId): Promise<boolean> {
    return this.#options.store.cancel(id, this.#options.clock.now())
  }

  /** The endpoints that are known. */
  endpoints(): EndpointStatus[] {
    return [...this.#registry.all()].map(endpointStatus)
  }

  /** Endpoints that deliveries wait for and the assembly does not have. @throws {CarabinerError} STORE_UNAVAILABLE */
  missingEndpoints(): Promise<readonly MissingEndpoint[]> {
    return this.#missing.list()
  }

  /** Settles as dead what waits for endpoints that have been missing for so long. @throws {CarabinerError} STORE_UNAVAILABLE */
  sweepMissing(retentionMs: number): Promise<void> {
    return this.#missing.sweep(retentionMs)
  }

  /** Lets deliveries of an endpoint wait until then, UTC milliseconds. @throws {CarabinerError} STORE_UNAVAILABLE */
  async pause(endpoint: string, untilMs: number): Promise<void> {
    await this.#registry.pause(endpoint, untilMs)
  }

  /** Ends a pause, a 410 and an open circuit. @throws {CarabinerError} STORE_UNAVAILABLE */
  async enable(endpoint: string): Promise<void> {
    await this.#registry.enable(endpoint)
    this.#claimer.wake()
  }

  /** Whether the store takes what the engine has to tell it. */
  async health(): Promise<{ readonly ok: boolean; readonly detail?: string }> {
    const trouble = this.#settler.trouble ?? this.#heartbeat.trouble
    if (trouble !== undefined) return { ok: false, detail: messageOf(trouble) }
    try {
      await this.#options.store.ping()
      return { ok: true }
    } catch (error) {
      return { ok: false, detail: messageOf(error) }
    }
  }

  #createSettler(): Settler {
    const { store, clock, log } = this.#options
    return new Settler({
      store,
      clock,
      log,
      settled: (held, settlement, ours) => this.#settled(held, settlement, ours),
      failed: (held) => this.#giveBack([held]),
    })
  }

  #createHeartbeat(): Heartbeat {
    const { store, clock, log, hostId } = this.#options
    return new Heartbeat({
      store,
      clock,
      log,
      hostId,
      held: this.#held,
      mayRecover: () => this.#mode === 'delivering' && this.#settler.trouble === undefined,
      recovered: (deliveries) => this.#recovered(deliveries),
      lost: (held) => this.#lost(held),
      flush: () => this.#registry.flush(),
    })
  }

  #createRunner(): DeliveryRunner {
    const { clock, log, hostId, senders, random, observe } = this.#options
    return new DeliveryRunner({
      clock,
      log,
      hostId,
      registry: this.#registry,
      sender: () => senders.deliver(),
      random: random ?? Math.random,
      isAlive: (now) => this.#heartbeat.isAlive(now),
      settle: (held, settlement) => this.#settler.add(held, settlement),
      giveBack: (held) => this.#giveBack([held]),
      gone: (held, reason) => this.#gone(held, reason),
      observe,
    })
  }

  #createClaimer(): Claimer {
    const { store, clock, log } = this.#options
    return new Claimer({
      store,
      clock,
      log,
      registry: this.#registry,
      held: this.#held,
      lease: (now) => this.#heartbeat.lease(now),
      mayClaim: (now) => this.#heartbeat.isAlive(now) && this.#settler.trouble === undefined,
      claimed: (delivery, lease) => this.#claimed(delivery, lease),
    })
  }

  #createOutbox(): Outbox {
    const { store, clock, observe, bodyLimit } = this.#options
    return new Outbox({
      store,
      clock,
      registry: this.#registry,
      held: this.#held,
      bodyLimit: bodyLimit ?? 1_048_576,
      trouble: () => this.#settler.trouble,
      lease: (now) => this.#leaseForCommit(now),
      claimed: (delivery, lease) => this.#claimed(delivery, lease),
      accepted: (deliveries) => {
        observe?.accepted(deliveries.length)
        if (this.#mode === 'holding') for (const { id } of deliveries) this.#own.add(id)
      },
      left: () => this.#claimer.wake(),
    })
  }

  get #settleTimeoutMs(): number {
    return this.#options.settleTimeoutMs ?? 5_000
  }

  async #start(): Promise<void> {
    await this.#heartbeat.start()
    await this.#registry.refresh().catch((error: unknown) => {
      this.#options.log.warn({ err: error }, 'the state of the endpoints could not be read')
    })
    if (this.#mode === 'delivering') this.#claimer.start({ sweeps: true })
    // Nothing of ours is in the store yet: what is committed first may be sent from memory.
    if (this.#mode === 'holding') for (const queue of this.#registry.all()) queue.mayHaveDue = false
  }

  #leaseForCommit(now: number): Lease | undefined {
    const sends = this.#mode === 'delivering' || this.#mode === 'holding'
    if (!sends || !this.#heartbeat.isAlive(now)) return undefined
    return this.#heartbeat.lease(now)
  }

  #claimed(delivery: ClaimedDelivery, lease: Lease): void {
    const known = this.#held.get(delivery.id)
    if (known !== undefined) {
      // Our own lease had ended and was taken anew: it is still the same delivery that is under way.
      known.leasedUntil = lease.until
      return
    }
    const endpoint = this.#registry.get(delivery.endpoint)
    if (endpoint === undefined || this.#mode === 'idle' || this.#mode === 'stopped') {
      this.#release([delivery.id])
      return
    }
    const since = this.#options.clock.monotonic()
    const held: HeldDelivery = {
      delivery,
      endpoint,
      since,
      leasedUntil: lease.until,
      state: 'waiting',
    }
    this.#held.hold(held)
    if (this.#mode === 'holding') return
    // An older one of the same endpoint came along: it is given back when the wait for our own is over.
    if (this.#mode === 'own' && !this.#own.has(delivery.id)) return
    this.#runner.start(held)
  }

  #startWaiting(): void {
    for (const held of this.#held.all()) if (held.state === 'waiting') this.#runner.start(held)
  }

  #settled(held: HeldDelivery, settlement: Settlement, ours: boolean): void {
    const { log, observe } = this.#options
    const { endpoint, delivery } = held
    this.#held.letGo(held)
    if (!ours) this.#lostAtSettlement(held)
    else {
      if (settlement.next.kind !== 'pending') this.#own.settled(delivery.id)
      reportSettlement({ log, observe }, held, settlement)
    }

    // The next of its key may go now.
    if (delivery.orderKey !== null) endpoint.mayHaveDue = true
    if (settlement.next.kind === 'pending') this.#claimer.retryAt(endpoint, settlement.next.dueAt)
    if (endpoint.mayHaveDue) this.#claimer.wake()
  }

  #lostAtSettlement({ delivery, endpoint }: HeldDelivery): void {
    this.#options.log.warn(
      { delivery: delivery.id, endpoint: endpoint.id },
      'the lease had ended before it was settled: another host decides',
    )
  }

  #lost(held: HeldDelivery): void {
    this.#held.letGo(held)
    held.endpoint.mayHaveDue = true
  }

  #recovered(deliveries: number): void {
    this.#options.log.info({ deliveries }, 'deliveries of a dead host are due again')
    this.#claimer.sweep()
  }

  /** 410: what waits for the endpoint is dead, and nothing new is created until it is enabled or has another URL. */
  #gone({ endpoint }: HeldDelivery, answer: string): void {
    const reason = `endpoint disabled: it answered ${answer}`
    const { store, clock } = this.#options
    this.#options.log.warn({ endpoint: endpoint.id }, reason)
    this.#side.add(
      this.#registry
        .disable(endpoint, reason)
        .then(() => store.bury(endpoint.id, reason, clock.now())),
      'what waits for a disabled endpoint could not be settled',
    )
  }

  #waitingFor(endpoint: HeldDelivery['endpoint']): HeldDelivery[] {
    return [...this.#held.all()].filter(
      (held) => held.endpoint === endpoint && held.state === 'waiting',
    )
  }

  #giveBack(deliveries: readonly HeldDelivery[]): void {
    if (deliveries.length === 0) return
    for (const held of deliveries) {
      this.#held.letGo(held)
      held.endpoint.mayHaveDue = true
      const current = this.#registry.get(held.endpoint.id)
      if (current !== undefined) current.mayHaveDue = true
    }
    this.#release(deliveries.map(({ delivery }) => delivery.id))
  }

  #release(ids: readonly DeliveryId[]): void {
    const { store, hostId } = this.#options
    this.#side.add(
      store.release(ids, hostId).then(() => this.#claimer.wake()),
      'deliveries could not be given back: their leases end by themselves',
    )
  }

  /** No claims; what waits goes back; what is being sent has `timeoutMs`; then all is told to the store. */
  async #cease(timeoutMs: number): Promise<void> {
    if (this.#mode !== 'stopped') this.#mode = 'idle'
    const { clock } = this.#options
    const claims = this.#claimer.stop()
    this.#giveBack([...this.#held.all()].filter(({ state }) => state === 'waiting'))
    await waitAtMost(clock, timeoutMs, this.#runner.idle())
    for (const queue of this.#registry.all()) queue.abort()
    for (const { endpoint } of this.#held.all()) endpoint.abort()
    await waitAtMost(clock, this.#settleTimeoutMs, this.#finish(claims))
    this.#settler.abandon()
  }

  async #finish(claims: Promise<void>): Promise<void> {
    await claims
    await this.#runner.idle()
    await this.#settler.idle()
    await this.#side.idle()
  }
}

function unknownEndpoint(endpoint: string): CarabinerError {
  return new CarabinerError(
    'ENDPOINT_UNKNOWN',
    `there is no endpoint \`${endpoint}\` in the assembly`,
  )
}
