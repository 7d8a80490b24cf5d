import type { DeliveryId } from '../ids.ts'
import type { ClaimedDelivery } from '../store/store.ts'
import { TurnoverMap } from '../turnover.ts'
import type { DeliverySpan } from './delivery-tracer.ts'
import type { EndpointQueue } from './endpoint-queue.ts'

/**
 * A delivery whose lease this host holds, from claim to settlement.
 *
 * A class, as is all that lives as long: V8 takes the object literals of a place for long-lived ones when most survive while a process warms up, and from
 * then on keeps each of them, with whatever it leads to, until the next full collection of garbage.
 */
export class HeldDelivery {
  readonly delivery: ClaimedDelivery
  readonly endpoint: EndpointQueue
  /** When it came into this host's hands, monotonic milliseconds. */
  readonly since: number
  /** UTC milliseconds. */
  leasedUntil: number
  /** `given-up`: no longer this host's; whatever comes of it here does not count. */
  state: 'waiting' | 'sending' | 'settling' | 'given-up' = 'waiting'
  /** From the first request on, when somebody records traces. */
  span: DeliverySpan | undefined = undefined
  /** While its endpoint is asked whether it is sent. */
  asking: AbortController | undefined = undefined

  constructor(
    delivery: ClaimedDelivery,
    endpoint: EndpointQueue,
    since: number,
    leasedUntil: number,
  ) {
    this.delivery = delivery
    this.endpoint = endpoint
    this.since = since
    this.leasedUntil = leasedUntil
  }
}

/** Places for deliveries: those that are held, and those that are kept for one that is about to be stored. */
interface Window {
  taken: number
  /** Only an endpoint without any gets a place beyond `size`. */
  readonly size: number
  /** Nobody gets one beyond. */
  readonly most: number
}

/**
 * What this host has claimed and not settled: a bounded window on what the store holds.
 *
 * When it is full, an endpoint without any still gets one, so that many that hang cannot starve the rest. Endpoints of families have
 * a window of their own, with as many of these places again: a million of them take nothing from those of the assembly.
 */
export class HeldDeliveries {
  readonly #assembly: Window
  readonly #members: Window
  readonly #held = new TurnoverMap<DeliveryId, HeldDelivery>()

  constructor(window: number) {
    this.#assembly = { taken: 0, size: window, most: Number.POSITIVE_INFINITY }
    this.#members = { taken: 0, size: window, most: window * 2 }
  }

  get size(): number {
    return this.#held.size
  }

  all(): readonly HeldDelivery[] {
    return this.#held.values()
  }

  get(id: DeliveryId): HeldDelivery | undefined {
    return this.#held.get(id)
  }

  /** How many of `wanted` there is room for. */
  room(endpoint: EndpointQueue, wanted: number): number {
    const { taken, size, most } = this.#windowOf(endpoint)
    if (taken < size) return Math.min(size - taken, wanted)
    return endpoint.held === 0 && taken < most ? Math.min(1, wanted) : 0
  }

  /** Whether it is worth while to look for more of endpoints of families: a few at a time would cost a claim each. */
  get hasRoomForMembers(): boolean {
    const { taken, size, most } = this.#members
    const worth = size / 4
    return size - taken >= worth || (taken >= size && most - taken >= worth)
  }

  /** How many are of endpoints of families. */
  get ofMembers(): number {
    return this.#members.taken
  }

  /** How many of endpoints of families there is room for: those that have none may go beyond. */
  get roomForMembers(): { readonly common: number; readonly beyond: number } {
    const { taken, size, most } = this.#members
    return { common: Math.max(0, size - taken), beyond: Math.max(0, most - taken) }
  }

  /** Keeps a place for a delivery that is about to be stored. */
  reserve(endpoint: EndpointQueue): void {
    endpoint.held += 1
    this.#windowOf(endpoint).taken += 1
  }

  unreserve(endpoint: EndpointQueue): void {
    endpoint.held -= 1
    this.#windowOf(endpoint).taken -= 1
  }

  hold(held: HeldDelivery): void {
    this.#held.set(held.delivery.id, held)
    held.endpoint.held += 1
    this.#windowOf(held.endpoint).taken += 1
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
    held.asking?.abort()
    if (this.#held.get(held.delivery.id) !== held) return
    this.#held.delete(held.delivery.id)
    held.endpoint.held -= 1
    this.#windowOf(held.endpoint).taken -= 1
  }

  #windowOf({ membership }: EndpointQueue): Window {
    return membership === undefined ? this.#assembly : this.#members
  }
}
