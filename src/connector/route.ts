import type { TObject } from 'typebox'
import type { Scope } from './scope.ts'

/**
 * One HTTP route of a connector. It comes and goes with the connector: a reload serves the routes of the next assembly.
 *
 * Its path says who may call it, and what its answers look like:
 *
 * - `/v1/…`: `public`, for everybody; answers as they are
 * - `/api/v1/…`: `management`, for whoever shows the management key, or `public` when the route says so; answers in the envelope
 * - any other path: `callbacks`, for whoever was given the URL; answers as they are. Outside `/api/callbacks/…` the route says so
 */
export interface ConnectorRoute<Config = unknown> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With `:name` parameters. */
  readonly path: string
  /** The listeners that serve it. @defaultValue as the path says */
  readonly family?: RouteFamilyOfConnectors
  /** Schema of the query. @defaultValue no parameters */
  readonly query?: TObject
  /** Schema of a JSON body; `bytes`: any body of any type, to be read with `bytes` or `json`. @defaultValue any JSON */
  readonly body?: TObject | 'bytes'
  /** Bytes of a body that are taken. @defaultValue `host.server.body_limit` */
  readonly bodyLimit?: number
  /** What it returns is the answer's JSON, with status 200 (204 for nothing outside the envelope), unless it is made by {@link answer}. */
  handle(request: RouteRequest, scope: Scope<Config>): unknown
  /**
   * How a refusal is told: the host's (a body that does not fit, a wrong key) and what `handle` throws.
   *
   * @defaultValue `{ success: false, error: { code, message, details } }`
   */
  refuse?(refusal: RouteRefusal): RouteAnswer
}

export type RouteFamilyOfConnectors = 'public' | 'management' | 'callbacks'

/** What a route's handler gets. */
export interface RouteRequest {
  readonly method: string
  /** Path and query, as they were sent. */
  readonly url: string
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The JSON body; `undefined` without one, and for a route that takes `bytes`. */
  readonly body: unknown
  /** The body exactly as it came: what a signature covers. Empty without one. */
  readonly bytes: Uint8Array
  /** Reads `bytes` as the host reads JSON: UTF-8, at most 256 deep, no `__proto__`. @throws {RouteError} 400 */
  json(): Promise<unknown>
  /** The caller's address; behind `trusted_proxies` the one they name. */
  readonly address: string
  /** Who showed a management key: `X-Actor`, else the key's name; `undefined` where none is asked for. */
  readonly caller: string | undefined
  readonly traceId: string
  /** How many dispatches this request stands behind: to be handed on to `dispatch`. */
  readonly depth: number
  /** Aborted when the caller goes away before it has its answer. */
  readonly signal: AbortSignal
}

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
}

/** Thrown by a route's handler: the request is answered with this refusal. */
export class RouteError extends Error {
  override readonly name: string = 'RouteError'
  readonly refusal: RouteRefusal

  constructor(refusal: RouteRefusal, options?: ErrorOptions) {
    super(refusal.message, options)
    this.refusal = refusal
  }
}
