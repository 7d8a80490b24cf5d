/** An answer that says more than data. Made by {@link answer}. */
export class RouteAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
  readonly meta: Readonly<Record<string, unknown>>

  /** @internal */
  constructor(body: unknown, { status = 200, headers = {}, meta = {} }: AnswerOptions) {
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      throw new TypeError(`expected a status from 200 to 599, got ${status}`)
    }
    this.status = status
    this.headers = { ...headers }
    this.body = body
    this.meta = meta
  }
}

/** What an answer says beside its body. */
export interface AnswerOptions {
  /** @defaultValue 200 */
  readonly status?: number
  /** Beside those of every answer. */
  readonly headers?: Readonly<Record<string, string>>
  /** Of an answer in the envelope: what stands beside `data`. */
  readonly meta?: Readonly<Record<string, unknown>>
}

/**
 * An answer with a status, headers, or `meta` of its own.
 *
 * @param body - JSON, in the envelope under `/api/v1` unless the status says that something failed; bytes are sent as they are;
 * `undefined` outside the envelope is no body
 * @throws {TypeError} a status outside 200 to 599
 * @example
 * ```ts
 * import { answer, type ConnectorRoute } from 'carabiner'
 *
 * const create: ConnectorRoute = {
 *   method: 'POST',
 *   path: '/v1/notes',
 *   handle: () => answer({ id: 7 }, { status: 201, headers: { location: '/v1/notes/7' } }),
 * }
 * ```
 */
export function answer(body: unknown, options: AnswerOptions = {}): RouteAnswer {
  return new RouteAnswer(body, options)
}

/** Why a request is not fulfilled: its status, and what the answer says. */
export interface RouteRefusal {
  readonly status: number
  /** `NOT_FOUND`, `VALIDATION_ERROR` … */
  readonly code: string
  readonly message: string
  readonly details?: Readonly<Record<string, unknown>>
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>
  /** What does not fit, where a schema or the reader of JSON refused the request. Not sent unless `refuse` does. */
  readonly mismatches?: readonly RequestMismatch[]
}

/** One place of a request that does not fit. */
export interface RequestMismatch {
  readonly part: 'body' | 'query' | 'path'
  /** JSON Pointer into that part, `''` for all of it. */
  readonly pointer: string
  readonly message: string
  /** The keyword of the schema that does not hold: `required`, `format` …; `json` for a body that is not read as JSON. */
  readonly keyword: string
  /** The member that is missing (`required`) or must not be there (`additionalProperties`). */
  readonly property?: string
}

/** Thrown by a route: the request is answered with this refusal. */
export class RouteError extends Error {
  override readonly name: string = 'RouteError'
  readonly refusal: RouteRefusal

  constructor(refusal: RouteRefusal, options?: ErrorOptions) {
    super(refusal.message, options)
    this.refusal = refusal
  }
}
