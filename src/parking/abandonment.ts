import type { Callback } from '../callbacks/callback.ts'
import { dispatchWaiter, hostWaiter, metaOf } from './callback-meta.ts'
import type { DispatchBook } from './dispatch-book.ts'
import type { OtherHosts } from './other-hosts.ts'

export interface AbandonmentParts {
  readonly hostId: string
  readonly dispatches: Pick<DispatchBook, 'find'>
  readonly others: Pick<OtherHosts, 'absence'>
}

/**
 * Whether a callback was left behind: the process that opened it is gone, and had not parked the dispatch that would wait for it. Nobody can go on
 * with that one, so an answer would come to nothing.
 */
export class Abandonment {
  readonly #parts: AbandonmentParts

  constructor(parts: AbandonmentParts) {
    this.#parts = parts
  }

  /** @throws {CarabinerError} STORE_UNAVAILABLE */
  async has(callback: Callback): Promise<boolean> {
    const { hostId, dispatches, others } = this.#parts
    if (callback.waiter !== dispatchWaiter && callback.waiter !== hostWaiter) return false
    const meta = metaOf(callback)
    if (meta === undefined || meta.host === hostId) return false
    const isStored = meta.dispatch !== null && (await dispatches.find(meta.dispatch)) !== undefined
    // After the record: whoever wrote it has beaten before.
    return !isStored && (await others.absence())(meta.host)
  }
}
