import type { Logger } from '../bus/handler.ts'
import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
import type { AuditRow, EndpointState, Store } from '../store/store.ts'
import type { CircuitSignal } from './attempt-outcome.ts'
import type { DeliveryObserver } from './delivery-observer.ts'
import type { EndpointDefinition } from './endpoint.ts'
import { EndpointHealth } from './endpoint-health.ts'
import { EndpointQueue, type Membership } from './endpoint-queue.ts'
import type { Families } from './family/families.ts'
import { Pace } from './pace.ts'
import { type StateFields, StoredStates } from './stored-states.ts'

export interface RegistryParts {
  readonly store: Store
  readonly clock: Clock
  readonly log: Logger
  readonly version: string
  readonly observe: DeliveryObserver | undefined
  readonly families: Families
  /** Something may be due for an endpoint that is not known now. */
  readonly absent: (endpoint: string) => void
  /** The rate of an endpoint lets nothing through for a while: what waits here goes back to the store. */
  readonly tooEarly: (queue: EndpointQueue) => void
}

/**
 * The endpoints that are known now, and their state: a copy of what the store keeps for all hosts.
 *
 * What happens here is written to the store; what other hosts wrote comes in with `refresh`.
 */
export class EndpointRegistry {
  readonly #parts: RegistryParts
  readonly #queues = new Map<string, EndpointQueue>()
  /** Every definition of an endpoint that is not removed, the one that holds last. */
  readonly #definitions = new Map<string, readonly EndpointQueue[]>()
  /** Those of families that are in use: `Members` says which. */
  readonly #members = new Map<string, EndpointQueue>()
  readonly #states: StoredStates
  /** Endpoints of the assembly that came since the store was asked for their state. */
  readonly #unread = new Set<string>()
  readonly #health: EndpointHealth

  constructor(parts: RegistryParts) {
    this.#parts = parts
    this.#states = new StoredStates(parts.store)
    this.#health = new EndpointHealth({
      ...parts,
      get: (endpoint) => this.get(endpoint),
      refresh: (endpoints) => this.refresh(endpoints),
      write: (endpoint, fields) => this.#writeBehind(endpoint, fields),
    })
  }

  get(endpoint: string): EndpointQueue | undefined {
    return this.#queues.get(endpoint) ?? this.#members.get(endpoint)
  }

  /** Those of the assembly. */
  all(): Iterable<EndpointQueue> {
    return this.#queues.values()
  }

  /** Those of families that are in use. */
  members(): Iterable<EndpointQueue> {
    return this.#members.values()
  }

  isInAssembly(endpoint: string): boolean {
    return this.#queues.has(endpoint)
  }

  /** Whether it has another URL since this definition of it was replaced. */
  hasMoved({ id, definition }: EndpointQueue): boolean {
    const present = this.get(id)
    return present !== undefined && present.definition.url !== definition.url
  }

  /** Something may be due for an endpoint, known or not. */
  expectDue(endpoint: string): void {
    const queue = this.get(endpoint)
    if (queue === undefined) this.#parts.absent(endpoint)
    else queue.expectDue()
  }

  /**
   * Makes an endpoint known, in place of one with the same id.
   *
   * @throws {CarabinerError} SECRET_INVALID
   */
  add(definition: EndpointDefinition): EndpointQueue {
    const { id } = definition
    const before = this.#queues.get(id)
    const queue = this.#newQueue(definition, undefined, before)
    if (this.#states.get(id) === undefined) this.#unread.add(id)
    this.#inherit(queue, before)
    this.#queues.set(id, queue)
    this.#definitions.set(id, [...(this.#definitions.get(id) ?? []), queue])
    this.#startAnewElsewhere(queue, before)
    this.#noteReturn(queue)
    return queue
  }

  /**
   * Makes an endpoint of a family known, in place of the one with its id.
   *
   * @throws {CarabinerError} SECRET_INVALID
   */
  join(definition: EndpointDefinition, membership: Membership): EndpointQueue {
    const before = this.#members.get(definition.id)
    const queue = this.#newQueue(definition, membership, before)
    this.#inherit(queue, before)
    this.#members.set(definition.id, queue)
    this.#startAnewElsewhere(queue, before)
    this.#noteReturn(queue)
    return queue
  }

  /** Forgets an endpoint of a family. */
  leave({ id }: EndpointQueue): void {
    this.#members.delete(id)
    this.#states.forget(id)
  }

  /** Forgets what the store said of an endpoint that is not known. */
  forget(endpoint: string): void {
    if (this.get(endpoint) === undefined) this.#states.forget(endpoint)
  }

  /** Whether the store has all that was written of an endpoint's state here. */
  isQuiet(endpoint: string): boolean {
    return this.#states.isQuiet(endpoint)
  }

  /** Forgets a definition of an endpoint. The one it took the place of, if that is still there, holds again. */
  remove(queue: EndpointQueue): void {
    const left = (this.#definitions.get(queue.id) ?? []).filter((each) => each !== queue)
    const last = left.at(-1)
    if (last === undefined) {
      this.#definitions.delete(queue.id)
      this.#queues.delete(queue.id)
      return
    }
    this.#definitions.set(queue.id, left)
    if (this.#queues.get(queue.id) !== queue) return
    last.resume(queue)
    this.#queues.set(queue.id, last)
  }

  /**
   * Takes in what the store says now.
   *
   * @param endpoints - @defaultValue those of the assembly: what is known of the others is looked up with them
   */
  async refresh(endpoints?: readonly string[]): Promise<void> {
    const { families } = this.#parts
    const wanted = endpoints ?? [...this.#queues.keys()]
    // Families may have a million states; without one, those of endpoints that an assembly may bring are of use.
    const isAll = endpoints === undefined && families.size === 0
    const states = await this.#states.read(wanted, isAll ? 'all' : 'these')
    for (const endpoint of wanted) this.#unread.delete(endpoint)
    for (const state of states) this.#takeIn(state)
  }

  /** Asks the store for the state of what has come since it was asked: before that, nothing is sent to it. */
  async readNew(): Promise<void> {
    if (this.#unread.size > 0) await this.refresh([...this.#unread])
  }

  /** Notes how a request went, for the circuit. */
  record(used: EndpointQueue, signal: CircuitSignal, error: string | undefined): void {
    // What comes of a request to its last URL says nothing of the present one.
    if (this.hasMoved(used)) return
    this.#health.record(used, signal, error)
  }

  /** Takes the probe that is due, for all hosts. Resolves to whether it is ours. */
  takeProbe(queue: EndpointQueue): Promise<boolean> {
    return this.#health.takeProbe(queue)
  }

  /** Writes fields of an endpoint's state, whether or not it is known here, with rows of the audit trail. */
  async note(
    endpoint: string,
    fields: StateFields,
    audit: readonly AuditRow[] = [],
  ): Promise<void> {
    await this.#states.write(endpoint, fields, audit)
    this.#apply(endpoint, fields)
  }

  /** Undoes what a 410 did, if one did. @throws {CarabinerError} STORE_UNAVAILABLE */
  async welcome(endpoint: string): Promise<void> {
    await this.refresh([endpoint])
    const state = this.get(endpoint)?.state ?? this.#states.get(endpoint)
    if (state !== undefined && state.disabledReason !== null) {
      await this.note(endpoint, { disabledReason: null, disabledUrl: null })
    }
    this.forget(endpoint)
  }

  /** The receiver wants nothing more: nothing is sent to this URL until somebody enables it. */
  async disable(queue: EndpointQueue, reason: string): Promise<void> {
    const fields = { disabledReason: reason, disabledUrl: queue.definition.url }
    this.#apply(queue.id, fields)
    await this.#states.write(queue.id, fields)
  }

  /** Stores what was only noted: when the last request worked, when not, and why. */
  flush(): Promise<void> {
    return this.#health.flush()
  }

  #newQueue(
    definition: EndpointDefinition,
    membership: Membership | undefined,
    before: EndpointQueue | undefined,
  ): EndpointQueue {
    const { store, clock, log, version, tooEarly } = this.#parts
    const { id: endpoint, rate } = definition
    const far = (): void => tooEarly(queue)
    const pace =
      rate === undefined ? undefined : new Pace({ store, clock, log, endpoint, rate, far })
    const queue = new EndpointQueue(definition, version, pace, membership, before)
    return queue
  }

  /** The state is the endpoint's, whatever its definition. */
  #inherit(queue: EndpointQueue, before: EndpointQueue | undefined): void {
    const stored = this.#states.get(queue.id)
    if (before !== undefined) {
      queue.circuit = before.circuit
      queue.state = before.state
    } else if (stored !== undefined) this.#adopt(queue, stored)
  }

  /** A circuit and a 410 are those of one URL. */
  #startAnewElsewhere(queue: EndpointQueue, before: EndpointQueue | undefined): void {
    if (before !== undefined && this.hasMoved(before)) this.#health.startAnew(queue)
    this.#enableAtNewUrl(queue)
  }

  #takeIn(state: EndpointState): void {
    this.#states.set(state)
    const queue = this.get(state.endpoint)
    if (queue === undefined) return
    this.#adopt(queue, state)
    this.#enableAtNewUrl(queue)
    this.#noteReturn(queue)
  }

  #adopt(queue: EndpointQueue, stored: EndpointState): void {
    const { endpoint: _, circuit, consecutiveFailures, probeAt, ...state } = stored
    const wasHeldBack = queue.state.pausedUntil !== null || queue.circuit.state !== 'closed'
    queue.state = this.#health.newest(queue, state)
    queue.circuit = { state: circuit, consecutiveFailures, probeAt }
    if (wasHeldBack) queue.expectDue()
  }

  #enableAtNewUrl(queue: EndpointQueue): void {
    const { disabledReason, disabledUrl } = queue.state
    if (disabledReason === null || disabledUrl === queue.definition.url) return
    queue.state = { ...queue.state, disabledReason: null, disabledUrl: null }
    this.#writeBehind(queue.id, { disabledReason: null, disabledUrl: null })
  }

  /** What waits for it need not be given up. */
  #noteReturn(queue: EndpointQueue): void {
    if (queue.state.missingSince !== null) this.#writeBehind(queue.id, { missingSince: null })
  }

  #writeBehind(endpoint: string, fields: StateFields): void {
    this.#apply(endpoint, fields)
    this.#states.write(endpoint, fields).catch((error: unknown) => {
      this.#parts.log.warn(
        { err: error, endpoint },
        `the state of endpoint \`${endpoint}\` could not be stored: ${messageOf(error)}`,
      )
    })
  }

  /** What we write holds here at once, and for a definition that comes later. */
  #apply(endpoint: string, fields: StateFields): void {
    const queue = this.get(endpoint)
    // Of one in a family that is not known now, the store keeps it.
    if (queue === undefined && this.#parts.families.of(endpoint) !== undefined) return
    this.#states.apply(endpoint, fields)
    if (queue === undefined) return
    const { circuit, consecutiveFailures, probeAt, ...state } = fields
    queue.state = { ...queue.state, ...state }
    queue.circuit = {
      state: circuit ?? queue.circuit.state,
      consecutiveFailures: consecutiveFailures ?? queue.circuit.consecutiveFailures,
      probeAt: probeAt === undefined ? queue.circuit.probeAt : probeAt,
    }
    queue.expectDue()
  }
}
