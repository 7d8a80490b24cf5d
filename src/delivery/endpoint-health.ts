import type { Logger } from '../bus/handler.ts'
import type { Clock } from '../clock.ts'
import type { EndpointState, Store } from '../store/store.ts'
import type { CircuitSignal } from './attempt-outcome.ts'
import { type Circuit, closedCircuit } from './circuit-breaker.ts'
import type { DeliveryObserver } from './delivery-observer.ts'
import type { EndpointQueue } from './endpoint-queue.ts'
import type { StateFields } from './stored-states.ts'

export interface HealthParts {
  readonly store: Pick<Store, 'takeProbe' | 'updateEndpoint'>
  readonly clock: Clock
  readonly log: Logger
  readonly observe: DeliveryObserver | undefined
  /** The queue that an endpoint has now. */
  readonly get: (endpoint: string) => EndpointQueue | undefined
  /** Takes in what the store says now. */
  readonly refresh: (endpoints: readonly string[]) => Promise<void>
  /** Holds here at once, and is stored when it can be. */
  readonly write: (endpoint: string, fields: StateFields) => void
}

/** How requests to endpoints go: their circuits, and when one last worked. */
export class EndpointHealth {
  readonly #parts: HealthParts
  /** Endpoints whose last success or error is not in the store yet. */
  readonly #stale = new Set<EndpointQueue>()

  constructor(parts: HealthParts) {
    this.#parts = parts
  }

  /** Notes how a request went, for the circuit. */
  record(used: EndpointQueue, signal: CircuitSignal, error: string | undefined): void {
    const queue = this.#parts.get(used.id) ?? used
    const now = this.#parts.clock.now()
    // Of one in a family, its deliveries tell: there may be ten thousand successes a second.
    if (queue.membership === undefined) this.#noteLast(queue, { signal, error, now })
    const before = queue.circuit.state
    const after = queue.record(signal, now)
    if (after !== undefined) this.#circuitChanged(queue, before, after)
  }

  /** A circuit tells of requests to one URL: at another one it is closed, and failures are counted anew. */
  startAnew(queue: EndpointQueue): void {
    const before = queue.circuit
    if (before.state === 'closed' && before.consecutiveFailures === 0) return
    queue.circuit = closedCircuit
    this.#circuitChanged(queue, before.state, closedCircuit)
  }

  /** Takes the probe that is due, for all hosts. Resolves to whether it is ours. */
  async takeProbe(queue: EndpointQueue): Promise<boolean> {
    const { circuitBreaker } = queue.definition
    if (circuitBreaker === false) return true
    const { store, clock, log, refresh } = this.#parts
    const now = clock.now()
    const next = now + circuitBreaker.recoveryTimeoutMs
    try {
      const taken = await store.takeProbe(queue.id, now, next)
      // Not ours: another host asks, and says so in the store before its probe is over.
      queue.circuit = taken ? queue.circuit : { ...queue.circuit, probeAt: next }
      if (!taken) {
        await refresh([queue.id])
        return false
      }
      const before = queue.circuit.state
      queue.startProbe(next)
      this.#circuitChanged(queue, before, queue.circuit)
      return true
    } catch (error) {
      log.warn({ err: error, endpoint: queue.id }, 'no probe: the store is away')
      return false
    }
  }

  /** The state that was read, with what is newer here. */
  newest<State extends LastOf>(queue: EndpointQueue, read: State): State {
    return this.#stale.has(queue) ? { ...read, ...lastOf(queue) } : read
  }

  /** Stores what was only noted: when the last request worked, when not, and why. */
  async flush(): Promise<void> {
    const stale = [...this.#stale]
    this.#stale.clear()
    const { store } = this.#parts
    await Promise.all(stale.map((queue) => store.updateEndpoint(queue.id, lastOf(queue))))
  }

  #noteLast(
    queue: EndpointQueue,
    { signal, error, now }: { signal: CircuitSignal; error: string | undefined; now: number },
  ): void {
    if (signal === 'success' && error === undefined) {
      queue.state = { ...queue.state, lastSuccessAt: now }
      this.#stale.add(queue)
    } else if (error !== undefined) {
      queue.state = { ...queue.state, lastErrorAt: now, lastError: error }
      this.#stale.add(queue)
    }
  }

  #circuitChanged(queue: EndpointQueue, before: Circuit['state'], after: Circuit): void {
    if (before !== after.state) {
      queue.expectDue()
      this.#parts.observe?.circuit(queue.label, after.state)
      this.#parts.log.info({ endpoint: queue.id, circuit: after.state }, 'circuit')
    }
    this.#parts.write(queue.id, circuitFields(after))
  }
}

export function circuitFields(circuit: Circuit): StateFields {
  return {
    circuit: circuit.state,
    consecutiveFailures: circuit.consecutiveFailures,
    probeAt: circuit.probeAt,
  }
}

type LastOf = Pick<EndpointState, 'lastSuccessAt' | 'lastErrorAt' | 'lastError'>

function lastOf({ state: { lastSuccessAt, lastErrorAt, lastError } }: EndpointQueue): LastOf {
  return { lastSuccessAt, lastErrorAt, lastError }
}
