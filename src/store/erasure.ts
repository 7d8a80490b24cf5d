import type { MessageId } from '../ids.ts'

/** Whose bodies go: one message's, or everything of a tenant. */
export type ErasureTarget =
  | { readonly kind: 'message'; readonly id: MessageId }
  | { readonly kind: 'tenant'; readonly tenant: string }

/** What was erased. */
export interface Erasure {
  readonly messages: number
  /** Deliveries that were not settled, and are cancelled now (`lastError`: `erased`). */
  readonly cancelled: number
  /** Records whose content is gone. */
  readonly records: number
}

/** Why a delivery was cancelled whose message was erased. */
export const erasedReason = 'erased'

/** Takes back what was said, and leaves that it was said. */
export interface ErasureStore {
  /**
   * Removes bodies, headers and what receivers answered, of at most `limit` messages, and the content of at most `limit` records, with the texts they are listed with, in one transaction; the rows stay, as proof that something was there.
   * What is not settled is cancelled; the answer to what is being sent is not recorded. What was erased is not sent again and not found by the next call: go on until `messages` and `records` are less than `limit`.
   */
  erase(target: ErasureTarget, at: number, limit: number): Promise<Erasure>
}
