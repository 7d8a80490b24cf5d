/** The content type that makes a reply a veto. */
const cancelContentType = 'application/vnd.carabiner.errors.CancelEventError+json'

/** A veto: the reply to a before webhook that stops the event. */
export interface CancelReply {
  readonly status: 409
  readonly headers: { readonly 'content-type': string }
  /** JSON: `{ "reason", "details" }`. */
  readonly body: string
  /** The same as a web-standard `Response`. */
  toResponse(): Response
}

const replies = new WeakSet<object>()

/**
 * Makes the reply that cancels an event.
 *
 * @param reason - what whoever dispatched the event is told
 * @param details - anything JSON can write
 * @throws {TypeError} for an empty reason
 *
 * @example
 * ```ts
 * import { cancelEvent } from 'carabiner/receiver'
 *
 * const { status, headers, body } = cancelEvent('adjustments only between midnight and 3am')
 * response.writeHead(status, headers).end(body)
 * ```
 */
export function cancelEvent(reason: string, details?: unknown): CancelReply {
  if (typeof reason !== 'string' || reason.trim() === '') {
    throw new TypeError('expected a reason: whoever is refused wants to know why')
  }
  const status = 409
  const headers = { 'content-type': cancelContentType }
  const body = JSON.stringify({ reason, details })
  const toResponse = (): Response => new Response(body, { status, headers })

  const reply: CancelReply = Object.freeze({ status, headers, body, toResponse })
  replies.add(reply)
  return reply
}

export function isCancelReply(value: unknown): value is CancelReply {
  return typeof value === 'object' && value !== null && replies.has(value)
}
