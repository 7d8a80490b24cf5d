import type { Clock } from '../clock.ts'
import { parseRetryAfter } from '../delivery/retry-after.ts'
import { messageOf } from '../errors.ts'
import { ConnectionError } from './errors.ts'
import { readError } from './read-error.ts'

/** Options of one call. */
export interface CallOptions {
  /** Makes a call that changes something safe to repeat: the same key gives the same answer for 24 h. */
  readonly idempotencyKey?: string
  /** Follows the call into logs and deliveries. @defaultValue the server makes one */
  readonly traceId?: string
  /** For whom: an owner the key may act for. @defaultValue the key's own */
  readonly ownerAgent?: string
  readonly signal?: AbortSignal
}

/** What the caller shows. */
export type CallAccess = 'api-key' | 'management'

/** One call: what goes over the wire. */
export interface Call extends CallOptions {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Below the base URL, encoded. */
  readonly path: string
  /** What is undefined is left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly body?: object
  /** @defaultValue `api-key` */
  readonly access?: CallAccess
  /** Who it is, where the management key is shown. */
  readonly actor?: string
  /** Statuses that are answers to this call, beside 2xx. */
  readonly answers?: readonly number[]
}

export interface TransportParts {
  readonly baseUrl: URL
  readonly apiKey: string | undefined
  readonly managementKey: string | undefined
  readonly fetch: typeof fetch
  readonly clock: Clock
  /** After the first try. */
  readonly retries: number
}

/** An answer that is a success. */
export interface Answer {
  readonly headers: Headers
  readonly body: unknown
}

const firstWaitMs = 200

/** Makes calls, and repeats what may be repeated: GET, DELETE, and what has an idempotency key; after 429, 5xx and failed connections. */
export class Transport {
  readonly #parts: TransportParts

  constructor(parts: TransportParts) {
    this.#parts = parts
  }

  /**
   * @throws {ApiError} the answer is no success
   * @throws {ConnectionError} there is none
   * @throws the signal's reason, when it is aborted
   */
  async call(call: Call): Promise<Answer> {
    const { retries, clock } = this.#parts
    const isRepeatable =
      call.method === 'GET' || call.method === 'DELETE' || call.idempotencyKey !== undefined
    const request = this.#request(call)
    for (let repeats = isRepeatable ? retries : 0, tried = 0; ; repeats -= 1, tried += 1) {
      const result = await this.#try(request, call)
      if (result.kind === 'answer') return result.answer
      if (repeats === 0 || !result.isPassing) throw result.error
      await clock.sleep(result.retryAfterMs ?? firstWaitMs * 2 ** tried, call.signal)
    }
  }

  #request({ method, path, query = {}, body, ...options }: Call): PreparedRequest {
    const { baseUrl } = this.#parts
    const url = new URL(baseUrl)
    url.pathname = `${url.pathname.replace(/\/$/, '')}${path}`
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value))
    }
    const headers = new Headers({ accept: 'application/json', ...this.#keyFor(options.access) })
    if (options.actor !== undefined) headers.set('x-actor', options.actor)
    if (options.traceId !== undefined) headers.set('x-trace-id', options.traceId)
    if (options.ownerAgent !== undefined) headers.set('x-owner-agent', options.ownerAgent)
    if (options.idempotencyKey !== undefined) headers.set('idempotency-key', options.idempotencyKey)
    if (body === undefined) return { url, init: { method, headers } }
    headers.set('content-type', 'application/json')
    return { url, init: { method, headers, body: JSON.stringify(body) } }
  }

  /** No key goes where it is not asked for. */
  #keyFor(access: CallAccess = 'api-key'): Readonly<Record<string, string>> {
    const { apiKey, managementKey } = this.#parts
    if (access === 'api-key') return apiKey === undefined ? {} : { 'x-api-key': apiKey }
    return managementKey === undefined ? {} : { 'x-internal-api-key': managementKey }
  }

  async #try({ url, init }: PreparedRequest, { signal, answers = [] }: Call): Promise<Result> {
    const { fetch, clock } = this.#parts
    try {
      // A redirect would take the key along.
      const response = await fetch(url, { ...init, redirect: 'manual', signal: signal ?? null })
      if (response.ok || answers.includes(response.status)) {
        const text = await response.text()
        const body: unknown = text === '' ? undefined : JSON.parse(text)
        return { kind: 'answer', answer: { headers: response.headers, body } }
      }
      const error = await readError(response, clock.now())
      return {
        kind: 'failure',
        isPassing: response.status === 429 || response.status >= 500,
        retryAfterMs: parseRetryAfter([...response.headers], clock.now()),
        error,
      }
    } catch (cause) {
      signal?.throwIfAborted()
      return noAnswer(url, cause)
    }
  }
}

interface PreparedRequest {
  readonly url: URL
  readonly init: RequestInit
}

type Result =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | {
      readonly kind: 'failure'
      /** Whether it may be better next time. */
      readonly isPassing: boolean
      readonly retryAfterMs: number | undefined
      readonly error: Error
    }

function noAnswer(url: URL, cause: unknown): Result {
  const why = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause
  const message = `no answer from ${url.origin}: ${messageOf(why)}`
  const error = new ConnectionError(message, { cause })
  return { kind: 'failure', isPassing: true, retryAfterMs: undefined, error }
}
