import type { Message } from '../store/store.ts'
import type { EndpointDefinition } from './endpoint.ts'
import { Signer } from './signing/signer.ts'
import { traceHeader, traceparent } from './trace-context.ts'

/** What of a request's headers differs from attempt to attempt. */
export interface RequestFacts {
  /** By which the receiver knows it again: `webhook-id`. */
  readonly id: string
  readonly message: Pick<Message, 'body' | 'contentType' | 'headers' | 'traceId' | 'depth'>
  /** 1 for the first one. */
  readonly attempt: number
  /** The delivery that this one repeats by hand. */
  readonly redeliveryOf: string | null
  /** UTC milliseconds. */
  readonly now: number
  /** W3C Trace Context of a span that is recorded. @defaultValue a new span of the message's trace */
  readonly traceparent?: string | undefined
}

/** Makes the headers of an endpoint's requests. What does not change is prepared once. */
export class RequestHeaders {
  readonly #signer: Signer
  readonly #prepared: Readonly<Record<string, string>>

  /** @throws {CarabinerError} SECRET_INVALID */
  constructor(definition: EndpointDefinition, version: string) {
    this.#signer = new Signer(definition.signatures, definition.secrets)
    this.#prepared = { 'user-agent': `carabiner/${version}`, ...definition.headers }
  }

  /** Signature headers come last: nothing replaces them. */
  of({
    id,
    message,
    attempt,
    redeliveryOf,
    now,
    traceparent: recorded,
  }: RequestFacts): Readonly<Record<string, string>> {
    const timestamp = Math.floor(now / 1_000)
    const headers: Record<string, string> = {
      ...this.#prepared,
      ...message.headers,
      'content-type': message.contentType,
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'idempotency-key': id,
      'x-carabiner-attempt': String(attempt),
      'x-carabiner-depth': String(message.depth),
      'x-trace-id': traceHeader(message.traceId),
      traceparent: recorded ?? traceparent(message.traceId),
      ...this.#signer.headers({ id, timestamp, body: message.body }),
    }
    if (redeliveryOf !== null) headers['x-carabiner-redelivery'] = redeliveryOf
    return headers
  }
}
