/** What the one who shall answer has to know. */
export interface CallbackTicket {
  /** UUIDv4. */
  readonly id: string
  /** Where its completion is posted: `{public_url}{prefix}/{id}/complete`; `…/fail` and `…/heartbeat` stand beside it. */
  readonly url: string
  /** The value of `X-Awa-Signature` for its three routes; `null` where answers need no signature. */
  readonly signature: string | null
  /** UTC milliseconds at which it expires, unless a heartbeat moves that. */
  readonly expiresAt: number
}

/**
 * A callback that waits for its answer. Made by `scope.callbacks.open`.
 *
 * A handler hands its id, URL and signature out, and then
 *
 * - returns it: a before handler leaves the decision to it, an on handler its result. The dispatch is stored while it waits, and goes on in whatever process
 *   is there when the answer comes.
 * - or awaits `result`, in an on handler or outside of any: the payload, or CALLBACK_FAILED, or CALLBACK_EXPIRED. What is awaited ends with its process.
 */
export class OpenCallback implements CallbackTicket {
  readonly id: string
  readonly url: string
  readonly signature: string | null
  readonly expiresAt: number
  /** Resolves to the payload. Rejects with a CarabinerError: CALLBACK_FAILED, CALLBACK_EXPIRED. */
  readonly result: PromiseLike<unknown>

  /** @internal */
  constructor({ id, url, signature, expiresAt }: CallbackTicket, result: PromiseLike<unknown>) {
    this.id = id
    this.url = url
    this.signature = signature
    this.expiresAt = expiresAt
    this.result = result
  }
}
