import type { Logger } from '../../bus/handler.ts'
import type { Clock } from '../../clock.ts'
import { CarabinerError } from '../../errors.ts'
import type { DeliveryId, RedeliveryId } from '../../ids.ts'
import type { Redelivery, RedeliveryFilter } from '../../store/redelivery.ts'
import type { DeliveryRow, Store } from '../../store/store.ts'
import type { DeliveryObserver } from '../delivery-observer.ts'
import type { EndpointRegistry } from '../endpoint-registry.ts'
import type { Members } from '../family/members.ts'
import { redeliver } from '../redeliver.ts'
import { allowance } from './allowance.ts'
import { refuseDisabled } from './disabled-endpoint.ts'
import { requestRedelivery, stopRedelivery } from './redelivery-request.ts'
import { RedeliveryRunner } from './redelivery-runner.ts'

export interface RedeliveriesParts {
  readonly store: Store
  readonly clock: Clock
  readonly log: Logger
  readonly hostId: string
  readonly registry: EndpointRegistry
  readonly members: Members
  readonly observe: DeliveryObserver | undefined
  /** Looks for work of the endpoints that may have some. */
  readonly wake: () => void
}

/** Sends again what is settled: one delivery at once, or many as a redelivery that goes on until it is done or stopped. */
export class Redeliveries {
  readonly #parts: RedeliveriesParts
  readonly #runner: RedeliveryRunner

  constructor(parts: RedeliveriesParts) {
    const { store, clock, log, hostId, registry } = parts
    this.#parts = parts
    this.#runner = new RedeliveryRunner({
      store,
      clock,
      log,
      hostId,
      allowance: (endpoints) => allowance(endpoints.map((id) => registry.get(id)?.definition)),
      made: (endpoints, redelivered, skipped) => {
        parts.observe?.redelivered(redelivered, skipped)
        this.#accepted(endpoints, redelivered)
      },
    })
  }

  /**
   * Stores a new delivery of a settled one's message: same `webhook-id`.
   *
   * @throws {CarabinerError} DELIVERY_UNKNOWN, DELIVERY_UNSETTLED, ENDPOINT_UNKNOWN, ENDPOINT_DISABLED, MESSAGE_ERASED, STORE_UNAVAILABLE
   */
  async one(id: DeliveryId, cause: { readonly actor: string }): Promise<DeliveryRow> {
    const { store, clock } = this.#parts
    const found = await store.delivery(id)
    if (found !== undefined) await this.#refuseUnfit(found.delivery.endpoint)
    const row = await redeliver(store, clock, id, cause.actor)
    this.#accepted([row.endpoint], 1)
    return row
  }

  /**
   * Stores that all that match are to be sent again, and begins with it if this host delivers.
   *
   * @throws {CarabinerError} ENDPOINT_UNKNOWN, ENDPOINT_DISABLED, STORE_UNAVAILABLE
   */
  async many(filter: RedeliveryFilter, cause: { readonly actor: string }): Promise<Redelivery> {
    if (filter.endpoint !== undefined) await this.#refuseUnfit(filter.endpoint)
    const { store, clock } = this.#parts
    const redelivery = await requestRedelivery(store, clock, filter, cause.actor)
    this.#runner.look()
    return redelivery
  }

  /** Ends one where it stands. @returns what it is then; `undefined` for an unknown id. @throws {CarabinerError} STORE_UNAVAILABLE */
  stop(id: RedeliveryId, cause: { readonly actor: string }): Promise<Redelivery | undefined> {
    return stopRedelivery(this.#parts.store, this.#parts.clock, id, cause.actor)
  }

  /** Begins to carry out what is asked for, here or elsewhere. */
  start(): void {
    this.#runner.start()
  }

  /** Resolves when nothing more is made here. What is not done goes on with the next host. */
  end(): Promise<void> {
    return this.#runner.stop()
  }

  /** A delivery is settled, or waits for a retry. */
  hasRoom({ redeliveryOf }: Pick<DeliveryRow, 'redeliveryOf'>): void {
    if (redeliveryOf !== null) this.#runner.hasRoom()
  }

  #accepted(endpoints: readonly string[], deliveries: number): void {
    if (deliveries === 0) return
    const { registry, observe, wake } = this.#parts
    for (const endpoint of endpoints) registry.expectDue(endpoint)
    observe?.accepted(deliveries)
    wake()
  }

  async #refuseUnfit(endpoint: string): Promise<void> {
    const { registry, members } = this.#parts
    await members.confirm([endpoint])
    const queue = registry.get(endpoint)
    if (queue === undefined) {
      throw new CarabinerError(
        'ENDPOINT_UNKNOWN',
        `there is no endpoint \`${endpoint}\` in the assembly`,
      )
    }
    refuseDisabled(endpoint, queue.state)
  }
}
