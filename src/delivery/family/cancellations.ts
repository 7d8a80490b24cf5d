import type { Logger } from '../../bus/handler.ts'
import type { Clock } from '../../clock.ts'
import type { Store } from '../../store/store.ts'
import type { EndpointQueue } from '../endpoint-queue.ts'
import type { EndpointFamily } from './endpoint-family.ts'

export interface CancellationParts {
  readonly store: Pick<Store, 'cancelWaiting'>
  readonly clock: Clock
  readonly log: Logger
  /** Gives back to the store what waits in this host's hands. */
  readonly giveBack: (queue: EndpointQueue) => Promise<void>
}

/** Cancels what waits for endpoints that are gone, here and in the store, each once at a time. */
export class Cancellations {
  readonly #parts: CancellationParts
  readonly #running = new Map<string, Promise<void>>()

  constructor(parts: CancellationParts) {
    this.#parts = parts
  }

  /** @param queue - its queue, if it was known until now */
  begin(family: EndpointFamily, endpoint: string, queue: EndpointQueue | undefined): void {
    if (this.#running.has(endpoint)) return
    const cancelling = this.#cancel(family, endpoint, queue).finally(() =>
      this.#running.delete(endpoint),
    )
    this.#running.set(endpoint, cancelling)
    cancelling.catch((error: unknown) => {
      this.#parts.log.warn({ err: error, endpoint }, 'what waits for it could not be cancelled')
    })
  }

  /** Resolves when it is done for all of these; rejects when it could not be for one. */
  async done(endpoints: readonly string[]): Promise<void> {
    await Promise.all(endpoints.map((endpoint) => this.#running.get(endpoint)))
  }

  async #cancel(
    { goneReason = 'endpoint gone' }: EndpointFamily,
    endpoint: string,
    queue: EndpointQueue | undefined,
  ): Promise<void> {
    const { store, clock, log, giveBack } = this.#parts
    if (queue !== undefined) await giveBack(queue)
    const deliveries = await store.cancelWaiting(endpoint, goneReason, clock.now())
    if (deliveries > 0) log.info({ endpoint, deliveries, reason: goneReason }, 'cancelled')
  }
}
