import type { Logger } from '../bus/handler.ts'
import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
import type { AttemptFacts } from './attempt.ts'
import type { HeldDelivery } from './held-deliveries.ts'
import type { OutboundRequest, Reply, Sender } from './sender.ts'
import { wireIdOf } from './wire-id.ts'

export interface OutboundParts {
  readonly clock: Clock
  readonly log: Logger
  /** Asked for when the first request is made. */
  readonly sender: () => Promise<Sender>
}

/** Makes the requests of deliveries. What goes wrong, whatever it is, is an answer: the delivery waits and is tried again. */
export class OutboundRequests {
  readonly #parts: OutboundParts
  #sender: Sender | undefined

  constructor(parts: OutboundParts) {
    this.#parts = parts
  }

  /**
   * Calls `replied` once, maybe before it returns. Never throws, if that does not.
   *
   * @param traceparent - of the span that records it; `undefined`: a new one of the message's trace
   */
  make(
    held: HeldDelivery,
    facts: AttemptFacts,
    traceparent: string | undefined,
    replied: (reply: Reply) => void,
  ): void {
    const { refusal } = held.endpoint
    if (refusal !== undefined) {
      replied(refused(refusal))
      return
    }
    const startedAt = this.#parts.clock.monotonic()
    const failed = (error: unknown): void => replied(this.#notMade(held, startedAt, error))
    try {
      const request = outbound(held, facts, traceparent)
      if (this.#sender?.dispatch !== undefined) this.#sender.dispatch(request, replied)
      else this.#send(request).then(replied, failed)
    } catch (error) {
      failed(error)
    }
  }

  async #send(request: OutboundRequest): Promise<Reply> {
    this.#sender ??= await this.#parts.sender()
    return this.#sender.send(request)
  }

  #notMade({ delivery }: HeldDelivery, startedAt: number, error: unknown): Reply {
    this.#parts.log.error({ err: error, delivery: delivery.id }, 'the request could not be made')
    return {
      kind: 'no-reply',
      error: 'protocol',
      message: `the request could not be made: ${messageOf(error)}`,
      timings: { totalMs: this.#parts.clock.monotonic() - startedAt },
    }
  }
}

/** Nothing is connected to. */
function refused(message: string): Reply {
  return { kind: 'no-reply', error: 'egress', message, timings: { totalMs: 0 } }
}

function outbound(
  { endpoint, delivery }: HeldDelivery,
  { number: attempt, startedAt: now }: AttemptFacts,
  traceparent: string | undefined,
): OutboundRequest {
  const { message, redeliveryOf } = delivery
  const { tls, egress, timeoutMs, replyLimit } = endpoint.definition
  const id = wireIdOf(delivery, endpoint.definition)
  return {
    url: endpoint.url,
    tls,
    egress,
    headers: endpoint.headers.of({ id, message, attempt, redeliveryOf, now, traceparent }),
    body: message.body,
    timeoutMs,
    signal: endpoint.signal,
    replyLimit,
  }
}
