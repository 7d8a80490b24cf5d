import type { ClaimedDelivery, DeliveryRow } from '../store/store.ts'

/** A delivery in this host's hands, about to be sent. */
export interface DeliveryAtHand
  extends Pick<
    DeliveryRow,
    'id' | 'messageId' | 'endpoint' | 'attempts' | 'lastError' | 'createdAt' | 'redeliveryOf'
  > {
  readonly message: ClaimedDelivery['message']
  /** Aborted when the host stops, or when the delivery is not this host's any more. */
  readonly signal: AbortSignal
}

/** What an endpoint says of a delivery that is about to be sent. */
export type AdmissionVerdict =
  | { readonly kind: 'go' }
  /** Nobody wants it any more. `by` is who said so: `beside` is told. */
  | { readonly kind: 'cancel'; readonly reason: string; readonly by?: string }
  /** It cannot be sent, now or later. */
  | { readonly kind: 'dead'; readonly reason: string }
  /** Not now: an attempt without an answer, that uses up a try; the retry policy says when it is asked again. */
  | { readonly kind: 'again'; readonly reason: string }
