import type { Logger } from '../bus/handler.ts'
import type { Clock } from '../clock.ts'
import type { Store } from '../store/store.ts'
import type { DeliveryObserver } from './delivery-observer.ts'
import type { DeliveryTracer } from './delivery-tracer.ts'
import type { Sender } from './sender.ts'

/** Bytes of a message's body, unless the engine is told otherwise: 1 MiB. */
export const defaultBodyLimit = 1_048_576

export interface DeliveryEngineOptions {
  readonly store: Store
  readonly clock: Clock
  readonly log: Logger
  /** Under which this process holds leases. No two processes on a store share one. */
  readonly hostId: string
  /** For `User-Agent: carabiner/<version>`. */
  readonly version: string
  /** The HTTP clients, each asked for when it is first needed. */
  readonly senders: {
    /** For requests that somebody waits for. */
    ask(): Promise<Sender>
    /** For deliveries. */
    deliver(): Promise<Sender>
  }
  readonly observe?: DeliveryObserver
  /** Records traces. @defaultValue nobody does */
  readonly trace?: DeliveryTracer
  /** Deliveries in this host's hands at once, over all endpoints. @defaultValue 1,000 */
  readonly window?: number
  /** Endpoints of families that are kept for the next delivery, when nothing is under way to them. @defaultValue 10,000 */
  readonly mostIdleEndpoints?: number
  /** Bytes of a message's body. @defaultValue 1 MiB */
  readonly bodyLimit?: number
  /** Bytes of each reply that are kept with its attempt. @defaultValue 8 KiB */
  readonly keptReplyBytes?: number
  /** Milliseconds that a stop waits for the store to take the last settlements. @defaultValue 5,000 */
  readonly settleTimeoutMs?: number
  /** At least 0, below 1. @defaultValue Math.random */
  readonly random?: () => number
}
