import type { Outbox as BusOutbox } from '../bus/outbox.ts'
import { messageOf } from '../errors.ts'
import type { DeliveryId } from '../ids.ts'
import type { Erasure, ErasureTarget } from '../store/erasure.ts'
import { ask } from './ask.ts'
import type {
  AskOptions,
  CircuitOpen,
  Deliveries,
  OutboundMessage,
  RegisteredEndpoint,
  SendOptions,
  SentDelivery,
} from './deliveries.ts'
import type { EndpointDefinition } from './endpoint.ts'
import { type EndpointCheck, endpointChecks } from './endpoint-checks.ts'
import {
  type CircuitCounts,
  circuitCounts,
  type EndpointStatus,
  endpointStatus,
  type FamilyStatus,
  familyStatuses,
} from './endpoint-status.ts'
import { EngineLife } from './engine-life.ts'
import { type DeliveryEngineOptions, defaultBodyLimit } from './engine-options.ts'
import { EngineParts } from './engine-parts.ts'
import { erase } from './erasure.ts'
import type { EndpointFamily, RegisteredFamily } from './family/endpoint-family.ts'
import { cancelDelivery, enabling, pausing } from './intervention.ts'
import type { MissingEndpoint } from './missing-endpoints.ts'
import type { Redeliveries } from './redelivery/redeliveries.ts'
import type { CompleteReply, NoReply } from './sender.ts'

export type { EndpointStatus, FamilyStatus } from './endpoint-status.ts'
export type { DeliveryEngineOptions } from './engine-options.ts'

/** Who it was when a program does not say. */
const byHost = { actor: 'host' } as const

/** Everything that leaves the host leaves through here: stored first, then sent until it is settled, by one host at a time. */
export class DeliveryEngine implements Omit<Deliveries, 'owe'> {
  /** Where the bus leaves what a dispatch owes. */
  readonly outbox: BusOutbox<OutboundMessage>
  readonly #options: DeliveryEngineOptions
  readonly #parts: EngineParts
  readonly #life: EngineLife

  constructor(options: DeliveryEngineOptions) {
    this.#options = options
    this.#parts = new EngineParts(options)
    this.#life = new EngineLife(options, this.#parts)
    const { outbox } = this.#parts
    this.outbox = {
      ready: () => outbox.ready(),
      commit: async (owed) => {
        // What is known of the endpoints decides what may be sent at once.
        await this.#life.starting
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
  endpoint(definition: EndpointDefinition): RegisteredEndpoint {
    const { registry, custody, claimer } = this.#parts
    const before = registry.get(definition.id)
    const queue = registry.add(definition)
    if (before !== undefined) void custody.giveBackWaiting(before)
    claimer.sweep()
    return {
      questions: () => queue.keepQuestions(this.#options.clock),
      [Symbol.dispose]: () => {
        registry.remove(queue)
        void custody.giveBackWaiting(queue)
      },
    }
  }

  /**
   * Stores messages. Resolves when they are durable, or when the wait is over; with a transaction, when they are part of it.
   *
   * @throws {RecordConflictError}
   * @throws {CarabinerError} STORE_UNAVAILABLE, MESSAGE_TOO_LARGE, USAGE when the store cannot take part in a transaction, or not with the rest
   */
  async send(
    messages: readonly OutboundMessage[],
    options: SendOptions = {},
  ): Promise<readonly SentDelivery[]> {
    // What is known of the endpoints decides what may be sent at once.
    await this.#life.starting
    return this.#parts.sending.send(messages, options)
  }

  /** @throws {CarabinerError} USAGE for a prefix that overlaps with another family's */
  family(family: EndpointFamily): RegisteredFamily {
    return this.#parts.familyBook.register(family)
  }

  ask(
    endpoint: string,
    message: OutboundMessage,
    options: AskOptions,
  ): Promise<CompleteReply | NoReply | CircuitOpen> {
    const { clock, log, senders, bodyLimit = defaultBodyLimit } = this.#options
    const { registry } = this.#parts
    const parts = { clock, log, registry, sender: senders.ask, bodyLimit }
    return ask(parts, endpoint, message, options)
  }

  /** Begins to show that this host lives and, unless `deliver` is false, to send whatever is due in the store. */
  start({ deliver = true }: { readonly deliver?: boolean } = {}): void {
    this.#life.start(deliver ? 'delivering' : 'holding')
  }

  /**
   * Sends what this process has committed since it was started with `deliver: false`, for at most `ms`; the rest goes back to the store, due at once.
   * Resolves to how many are not settled then.
   */
  drainOwn(ms: number, signal?: AbortSignal): Promise<number> {
    return this.#life.drainOwn(ms, signal)
  }

  /**
   * Ends it: nothing more is claimed, what is being sent may finish within `timeoutMs`, the rest goes back to the store, due at once.
   * Never rejects; what cannot be said to the store is for the next host to find out.
   */
  stop(timeoutMs: number): Promise<void> {
    return this.#life.stop(timeoutMs)
  }

  /** Sends again what is settled. */
  get redeliveries(): Redeliveries {
    return this.#parts.redeliveries
  }

  /**
   * Removes bodies, headers and answers of a message or a tenant; what waits is cancelled, here at once. Written to the audit trail, without them.
   *
   * @throws {CarabinerError} STORE_UNAVAILABLE
   */
  async erase(target: ErasureTarget, cause: { readonly actor: string }): Promise<Erasure> {
    const { store, clock } = this.#options
    const erasure = await erase(store, clock, target, cause.actor)
    await this.#parts.heartbeat.renewAll()
    return erasure
  }

  /** Something was stored for these endpoints that is due now: this host looks for it at once. */
  wakeFor(endpoints: readonly string[]): void {
    const { registry, claimer } = this.#parts
    for (const endpoint of endpoints) registry.expectDue(endpoint)
    claimer.wake()
  }

  /**
   * Cancels what waits. Written to the audit trail.
   *
   * @returns `false` when it is settled, being sent or unknown
   * @throws {CarabinerError} STORE_UNAVAILABLE
   */
  async cancel(id: DeliveryId, cause: { readonly actor: string } = byHost): Promise<boolean> {
    const { store, clock } = this.#options
    const found = await store.delivery(id)
    return found !== undefined && cancelDelivery(store, clock, found.delivery, cause.actor)
  }

  /** The endpoints of the assembly. */
  endpoints(): EndpointStatus[] {
    return [...this.#parts.registry.all()].map(endpointStatus)
  }

  /** How those of them are that `/health` looks at: what is known here, without a question. */
  endpointChecks(): readonly EndpointCheck[] {
    return endpointChecks(this.#parts.registry.all(), this.#options.clock.now())
  }

  /** The families of endpoints, and how many of each are in use here. */
  families(): readonly FamilyStatus[] {
    const { families, registry } = this.#parts
    return familyStatuses(families.prefixes(), registry.members())
  }

  /** How many endpoints that are known here have their circuit in each state: those of the assembly, and those of families in use. */
  circuits(): CircuitCounts {
    const { registry } = this.#parts
    return circuitCounts(registry.all(), registry.members())
  }

  /** How many endpoints of families are in use here, or kept for the next delivery. */
  get knownMembers(): number {
    return this.#parts.members.size
  }

  /** Endpoints that deliveries wait for and the assembly does not have. @throws {CarabinerError} STORE_UNAVAILABLE */
  missingEndpoints(): Promise<readonly MissingEndpoint[]> {
    return this.#parts.missing.list()
  }

  /** Settles as dead what waits for endpoints that have been missing for so long. @throws {CarabinerError} STORE_UNAVAILABLE */
  sweepMissing(retentionMs: number): Promise<void> {
    return this.#parts.missing.sweep(retentionMs)
  }

  /** Lets deliveries of an endpoint wait until then, UTC milliseconds. Written to the audit trail. @throws {CarabinerError} STORE_UNAVAILABLE */
  async pause(
    endpoint: string,
    untilMs: number,
    cause: { readonly actor: string } = byHost,
  ): Promise<void> {
    const { fields, audit } = pausing(this.#options.clock, endpoint, untilMs, cause.actor)
    await this.#parts.registry.note(endpoint, fields, audit)
  }

  /** Ends a pause, a 410 and an open circuit. Written to the audit trail. @throws {CarabinerError} STORE_UNAVAILABLE */
  async enable(endpoint: string, cause: { readonly actor: string } = byHost): Promise<void> {
    const { registry, claimer } = this.#parts
    const { fields, audit } = enabling(this.#options.clock, endpoint, cause.actor)
    await registry.note(endpoint, fields, audit)
    registry.expectDue(endpoint)
    claimer.wake()
  }

  /** Whether the store takes what the engine has to tell it. */
  async health(): Promise<{ readonly ok: boolean; readonly detail?: string }> {
    const { settler, heartbeat } = this.#parts
    const trouble = settler.trouble ?? heartbeat.trouble
    if (trouble !== undefined) return { ok: false, detail: messageOf(trouble) }
    try {
      await this.#options.store.ping()
      return { ok: true }
    } catch (error) {
      return { ok: false, detail: messageOf(error) }
    }
  }
}
