/** What came of a callback. */
export type CallbackResolution =
  | {
      readonly kind: 'completed'
      readonly callbackId: string
      /** As JSON reads it; `null` without one. */
      readonly payload: unknown
      /** The JSON text as it came, for those to whom `1.0` and `1` are two numbers; `null` without one. */
      readonly payloadText: string | null
    }
  | { readonly kind: 'failed'; readonly callbackId: string; readonly error: string }
  | { readonly kind: 'expired'; readonly callbackId: string }
