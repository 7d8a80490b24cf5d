import type { Logger } from '../bus/handler.ts'
import type { Clock } from '../clock.ts'
import type { DeliveryId } from '../ids.ts'
import type { ClaimedDelivery, Lease, Settlement, Store } from '../store/store.ts'
import type { DeliveryObserver } from './delivery-observer.ts'
import type { EndpointQueue } from './endpoint-queue.ts'
import type { EndpointRegistry } from './endpoint-registry.ts'
import type { EngineMode } from './engine-mode.ts'
import { type HeldDeliveries, HeldDelivery } from './held-deliveries.ts'
import type { OwnDeliveries } from './own-deliveries.ts'
import { reportSettlement } from './settlement-report.ts'
import type { SideWork } from './side-work.ts'

export interface CustodyParts {
  readonly store: Store
  readonly clock: Clock
  readonly log: Logger
  readonly hostId: string
  readonly observe: DeliveryObserver | undefined
  readonly mode: EngineMode
  readonly held: HeldDeliveries
  readonly own: OwnDeliveries
  readonly registry: EndpointRegistry
  readonly side: SideWork
  /** Puts a delivery into its endpoint's queue. */
  readonly send: (held: HeldDelivery) => void
  /** Looks for work of the endpoints that may have some. */
  readonly wake: () => void
  /** A retry has been stored. */
  readonly retryAt: (endpoint: EndpointQueue, dueAt: number) => void
}

/** What becomes of a delivery in this host's hands: taken in under a lease, then settled, lost or given back. */
export class Custody {
  readonly #parts: CustodyParts

  constructor(parts: CustodyParts) {
    this.#parts = parts
  }

  /** Takes in what was claimed, or stored as claimed. */
  take(delivery: ClaimedDelivery, lease: Lease): void {
    const { mode, held: all, own, registry, clock, send } = this.#parts
    const known = all.get(delivery.id)
    if (known !== undefined) {
      // Our own lease had ended and was taken anew: it is still the same delivery that is under way.
      known.leasedUntil = lease.until
      return
    }
    const endpoint = registry.get(delivery.endpoint)
    if (endpoint === undefined || mode.current === 'idle' || mode.current === 'stopped') {
      void this.#release([delivery.id], [delivery.endpoint])
      return
    }
    const held = new HeldDelivery(delivery, endpoint, clock.monotonic(), lease.until)
    all.hold(held)
    if (mode.current === 'holding') return
    // An older one of the same endpoint came along: it is given back when the wait for our own is over.
    if (mode.current === 'own' && !own.has(delivery.id)) return
    send(held)
  }

  /** Sends what was only held until now. */
  sendWaiting(): void {
    for (const held of this.#parts.held.all()) if (held.state === 'waiting') this.#parts.send(held)
  }

  /** The store has been told what came of it, and said whether that was ours to tell. */
  settled(held: HeldDelivery, settlement: Settlement, ours: boolean): void {
    const { log, observe, own, registry, wake, retryAt } = this.#parts
    const { delivery } = held
    if (ours) endSpan(held, settlement)
    this.#parts.held.letGo(held)
    if (!ours) this.#lostAtSettlement(held)
    else {
      if (settlement.next.kind !== 'pending') own.settled(delivery.id)
      reportSettlement({ log, observe }, held, settlement)
    }

    // It may have been replaced since: what follows is for who looks for its deliveries now.
    const endpoint = registry.get(delivery.endpoint) ?? held.endpoint
    // The next of its key may go now.
    if (delivery.orderKey !== null) endpoint.expectDue()
    if (settlement.next.kind === 'pending') retryAt(endpoint, settlement.next.dueAt)
    if (endpoint.mayHaveDue) wake()
  }

  /** Its lease has gone to another host. */
  lost(held: HeldDelivery): void {
    this.#parts.held.letGo(held)
    this.#parts.registry.expectDue(held.endpoint.id)
  }

  /** 410: what waits for the endpoint is dead, and nothing new is created until it is enabled or has another URL. */
  gone({ endpoint }: HeldDelivery, answer: string): void {
    const reason = `endpoint disabled: it answered ${answer}`
    const { store, clock, log, registry, side } = this.#parts
    // At its new URL, nobody has said so.
    if (registry.hasMoved(endpoint)) return
    log.warn({ endpoint: endpoint.id }, reason)
    void side.add(
      registry.disable(endpoint, reason).then(() => store.bury(endpoint.id, reason, clock.now())),
      'what waits for a disabled endpoint could not be settled',
    )
  }

  /** Gives back what waits, of one endpoint or of all. Resolves when the store has been told, if it could be. */
  giveBackWaiting(endpoint?: EndpointQueue): Promise<void> {
    const waiting = [...this.#parts.held.all()].filter(
      (held) => held.state === 'waiting' && (endpoint === undefined || held.endpoint === endpoint),
    )
    return this.giveBack(waiting)
  }

  /** Back to the store, due at once, without a try. */
  async giveBack(deliveries: readonly HeldDelivery[]): Promise<void> {
    if (deliveries.length === 0) return
    for (const held of deliveries) this.#parts.held.letGo(held)
    const endpoints = new Set(deliveries.map(({ endpoint }) => endpoint.id))
    await this.#release(
      deliveries.map(({ delivery }) => delivery.id),
      endpoints,
    )
  }

  #release(ids: readonly DeliveryId[], endpoints: Iterable<string>): Promise<void> {
    const { store, hostId, registry, side, wake } = this.#parts
    // Newer ones do not overtake them meanwhile; and a claim that is under way sees none of them.
    const expect = (): void => {
      for (const endpoint of endpoints) registry.expectDue(endpoint)
    }
    expect()
    return side.add(
      store.release(ids, hostId).then(() => {
        expect()
        wake()
      }),
      'deliveries could not be given back: their leases end by themselves',
    )
  }

  #lostAtSettlement({ delivery, endpoint }: HeldDelivery): void {
    this.#parts.log.warn(
      { delivery: delivery.id, endpoint: endpoint.id },
      'the lease had ended before it was settled: another host decides',
    )
  }
}

function endSpan(held: HeldDelivery, settlement: Settlement): void {
  held.span?.end(settlement)
  held.span = undefined
}
