import type { Logger } from '../bus/handler.ts'
import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
import { untouchedEndpoint } from '../store/endpoint-state.ts'
import type { EndpointState, Store } from '../store/store.ts'
import type { CircuitSignal } from './attempt-outcome.ts'
import { type Circuit, closedCircuit } from './circuit-breaker.ts'
import type { DeliveryObserver } from './delivery-observer.ts'
import type { EndpointDefinition } from './endpoint.ts'
import { EndpointQueue } from './endpoint-queue.ts'
import { Pace } from './pace.ts'

export interface RegistryParts {
  readonly store: Store
  readonly clock: Clock
  readonly log: Logger
  readonly version: string
  readonly observe: DeliveryObserver | undefined
  /** The rate of an endpoint lets nothing through for a while: what waits here goes back to the store. */
  readonly tooEarly: (queue: EndpointQueue) => void
}

type Fields = Partial<Omit<EndpointState, 'endpoint'>>

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
  readonly #stored = new Map<string, EndpointState>()
  /** Writes of each endpoint's state, so that a copy read meanwhile is not taken for news. */
  readonly #writes = new Map<string, { readonly begun: number; readonly ended: number }>()
  /** Endpoints whose last success or error is not in the store yet. */
  readonly #stale = new Set<EndpointQueue>()

  constructor(parts: RegistryParts) {
    this.#parts = parts
  }

  get(endpoint: string): EndpointQueue | undefined {
    return this.#queues.get(endpoint)
  }

  all(): Iterable<EndpointQueue> {
    return this.#queues.values()
  }

  /**
   * Makes an endpoint known, in place of one with the same id.
   *
   * @throws {CarabinerError} SECRET_INVALID
   */
  add(definition: EndpointDefinition): EndpointQueue {
    const queue = this.#newQueue(definition)
    const before = this.#queues.get(definition.id)
    if (before === undefined) {
      const stored = this.#stored.get(definition.id)
      if (stored !== undefined) this.#adopt(queue, stored)
    } else {
      queue.circuit = before.circuit
      queue.state = before.state
    }
    this.#queues.set(definition.id, queue)
    this.#definitions.set(definition.id, [...(this.#definitions.get(definition.id) ?? []), queue])
    this.#enableAtNewUrl(queue)
    this.#noteReturn(queue)
    return queue
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
    last.circuit = queue.circuit
    last.state = queue.state
    last.expectDue()
    this.#queues.set(queue.id, last)
  }

  /** Takes in what the store says now. */
  async refresh(): Promise<void> {
    const writesBefore = new Map(this.#writes)
    const states = await this.#parts.store.endpointStates()
    const stored = new Map(states.map((state) => [state.endpoint, state]))
    for (const id of this.#queues.keys()) {
      if (!stored.has(id)) stored.set(id, untouchedEndpoint(id))
    }
    for (const [id, state] of stored) {
      const writes = this.#writes.get(id)
      const wasQuiet = writes?.ended === writesBefore.get(id)?.ended
      if (writes?.begun === writes?.ended && wasQuiet) this.#takeIn(state)
    }
  }

  /** Notes how a request went, for the circuit. */
  record(used: EndpointQueue, signal: CircuitSignal, error: string | undefined): void {
    const queue = this.#queues.get(used.id) ?? used
    const now = this.#parts.clock.now()
    if (signal === 'success' && error === undefined) {
      queue.state = { ...queue.state, lastSuccessAt: now }
      this.#stale.add(queue)
    } else if (error !== undefined) {
      queue.state = { ...queue.state, lastErrorAt: now, lastError: error }
      this.#stale.add(queue)
    }

    const before = queue.circuit.state
    const after = queue.record(signal, now)
    if (after !== undefined) this.#circuitChanged(queue, before, after)
  }

  /** Takes the probe that is due, for all hosts. Resolves to whether it is ours. */
  async takeProbe(queue: EndpointQueue): Promise<boolean> {
    const { circuitBreaker } = queue.definition
    if (circuitBreaker === false) return true
    const now = this.#parts.clock.now()
    const next = now + circuitBreaker.recoveryTimeoutMs
    try {
      const taken = await this.#parts.store.takeProbe(queue.id, now, next)
      // Not ours: another host asks, and says so in the store before its probe is over.
      queue.circuit = taken ? queue.circuit : { ...queue.circuit, probeAt: next }
      if (!taken) {
        await this.refresh()
        return false
      }
      const before = queue.circuit.state
      queue.startProbe(next)
      this.#circuitChanged(queue, before, queue.circuit)
      return true
    } catch (error) {
      this.#parts.log.warn({ err: error, endpoint: queue.id }, 'no probe: the store is away')
      return false
    }
  }

  pause(endpoint: string, until: number): Promise<void> {
    return this.note(endpoint, { pausedUntil: until })
  }

  /** Writes fields of an endpoint's state, whether or not it is known here. */
  async note(endpoint: string, fields: Fields): Promise<void> {
    await this.#store(endpoint, fields)
    this.#apply(endpoint, fields)
  }

  /** Ends a pause, a 410 and an open circuit. */
  async enable(endpoint: string): Promise<void> {
    await this.note(endpoint, { ...enabled, ...circuitFields(closedCircuit) })
  }

  /** The receiver wants nothing more: nothing is sent to this URL until somebody enables it. */
  async disable(queue: EndpointQueue, reason: string): Promise<void> {
    const fields = { disabledReason: reason, disabledUrl: queue.definition.url }
    this.#apply(queue.id, fields)
    await this.#store(queue.id, fields)
  }

  /** Stores what was only noted: when the last request worked, when not, and why. */
  async flush(): Promise<void> {
    const stale = [...this.#stale]
    this.#stale.clear()
    await Promise.all(
      stale.map(({ id, state: { lastSuccessAt, lastErrorAt, lastError } }) =>
        this.#parts.store.updateEndpoint(id, { lastSuccessAt, lastErrorAt, lastError }),
      ),
    )
  }

  #newQueue(definition: EndpointDefinition): EndpointQueue {
    const { store, clock, log, version, tooEarly } = this.#parts
    const { id: endpoint, rate } = definition
    const far = (): void => tooEarly(queue)
    const pace =
      rate === undefined ? undefined : new Pace({ store, clock, log, endpoint, rate, far })
    const queue = new EndpointQueue(definition, version, pace)
    return queue
  }

  #circuitChanged(queue: EndpointQueue, before: Circuit['state'], after: Circuit): void {
    if (before !== after.state) {
      queue.expectDue()
      this.#parts.observe?.circuit(queue.id, after.state)
      this.#parts.log.info({ endpoint: queue.id, circuit: after.state }, 'circuit')
    }
    this.#writeBehind(queue.id, circuitFields(after))
  }

  #takeIn(state: EndpointState): void {
    this.#stored.set(state.endpoint, state)
    const queue = this.#queues.get(state.endpoint)
    if (queue === undefined) return
    this.#adopt(queue, state)
    this.#enableAtNewUrl(queue)
    this.#noteReturn(queue)
  }

  #adopt(queue: EndpointQueue, stored: EndpointState): void {
    const { endpoint: _, circuit, consecutiveFailures, probeAt, ...state } = stored
    const wasHeldBack = queue.state.pausedUntil !== null || queue.circuit.state !== 'closed'
    queue.state = this.#stale.has(queue) ? { ...state, ...lastOf(queue) } : state
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

  #writeBehind(endpoint: string, fields: Fields): void {
    this.#apply(endpoint, fields)
    this.#store(endpoint, fields).catch((error: unknown) => {
      this.#parts.log.warn(
        { err: error, endpoint },
        `the state of endpoint \`${endpoint}\` could not be stored: ${messageOf(error)}`,
      )
    })
  }

  async #store(endpoint: string, fields: Fields): Promise<void> {
    this.#count(endpoint, 'begun')
    try {
      await this.#parts.store.updateEndpoint(endpoint, fields)
    } finally {
      this.#count(endpoint, 'ended')
    }
  }

  #count(endpoint: string, what: 'begun' | 'ended'): void {
    const writes = this.#writes.get(endpoint) ?? { begun: 0, ended: 0 }
    this.#writes.set(endpoint, { ...writes, [what]: writes[what] + 1 })
  }

  /** What we write holds here at once, and for a definition that comes later. */
  #apply(endpoint: string, fields: Fields): void {
    const stored = this.#stored.get(endpoint) ?? untouchedEndpoint(endpoint)
    this.#stored.set(endpoint, { ...stored, ...fields })
    const queue = this.#queues.get(endpoint)
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

const enabled = { pausedUntil: null, disabledReason: null, disabledUrl: null } as const

function circuitFields(circuit: Circuit): Fields {
  return {
    circuit: circuit.state,
    consecutiveFailures: circuit.consecutiveFailures,
    probeAt: circuit.probeAt,
  }
}

function lastOf({
  state,
}: EndpointQueue): Pick<EndpointState, 'lastSuccessAt' | 'lastErrorAt' | 'lastError'> {
  const { lastSuccessAt, lastErrorAt, lastError } = state
  return { lastSuccessAt, lastErrorAt, lastError }
}
