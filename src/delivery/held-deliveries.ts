import type { DeliveryId } from '../ids.ts'
import type { ClaimedDelivery } from '../store/store.ts'
import type { DeliverySpan } from './delivery-tracer.ts'
import type { EndpointQueue } from './endpoint-queue.ts'

/** A delivery whose lease this host holds, from claim to settlement. */
export interface HeldDelivery {
  readonly delivery: ClaimedDelivery
  readonly endpoint: EndpointQueue
  /** When it came into this host's hands, monotonic milliseconds. */
  readonly since: number
  /** UTC milliseconds. */
  leasedUntil: number
  /** `given-up`: no longer this host's; whatever comes of it here does not count. */
  state: 'waiting' | 'sending' | 'settling' | 'given-up'
  /** From the first request on, when somebody records traces. */
  span: DeliverySpan | undefined
}

/**
 * What this host has claimed and not settled: a bounded window on what the store holds.
 *
 * When it is full, an endpoint without any still gets one, so that many that hang cannot starve the rest.
 */
export class HeldDeliveries {
  readonly #window: number
  readonly #held = new Map<DeliveryId, HeldDelivery>()
  #reserved = 0

  constructor(window: number) {
    this.#window = window
  }

  get size(): number {
    return this.#held.size
  }

  all(): Iterable<HeldDelivery> {
    return this.#held.values()
  }

  get(id: DeliveryId): HeldDelivery | undefined {
    return this.#held.get(id)
  }

  /** How many of `wanted` there is room for. */
  room(endpoint: EndpointQueue, wanted: number): number {
    const room = this.#window - this.#held.size - this.#reserved
    if (room > 0) return Math.min(room, wanted)
    return endpoint.held === 0 ? Math.min(1, wanted) : 0
  }

  /** Keeps a place for a delivery that is about to be stored. */
  reserve(endpoint: EndpointQueue): void {
    endpoint.held += 1
    this.#reserved += 1
  }

  unreserve(endpoint: EndpointQueue): void {
    endpoint.held -= 1
    this.#reserved -= 1
  }

  hold(held: HeldDelivery): void {
    this.#held.set(held.delivery.id, held)
    held.endpoint.held += 1
  }

  /** It has been sent: its place at the endpoint is another's while the store is told. */
  settling(held: HeldDelivery): void {
    if (held.state === 'settling') return
    held.state = 'settling'
    held.endpoint.settling += 1
  }

  /** It is settled, given back or lost: not this host's any more. */
  letGo(held: HeldDelivery): void {
    if (held.state === 'settling') held.endpoint.settling -= 1
    held.state = 'given-up'
    held.span?.abandon()
    held.span = undefined
    if (this.#held.get(held.delivery.id) !== held) return
    this.#held.delete(held.delivery.id)
    held.endpoint.held -= 1
  }
}
