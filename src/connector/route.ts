import type { TObject } from 'typebox'
import type { RouteAnswer, RouteRefusal } from './route-answer.ts'
import type { RouteOperation, RouteResponse } from './route-operation.ts'
import type { RouteHead, RouteRequest } from './route-request.ts'
import type { Scope } from './scope.ts'

/**
 * One HTTP route of a connector. It comes and goes with the connector: a reload serves the routes of the next assembly.
 *
 * Its path says who may call it, and what its answers look like:
 *
 * - `/v1/…`: `public`, for everybody; answers as they are
 * - `/api/v1/…`: `management`, for whoever shows the management key, or `public` when the route says so; answers in the envelope
 * - any other path: `callbacks`, for whoever was given the URL; answers as they are. Outside `/api/callbacks/…` the route says so
 *
 * A request is looked at in this order: its path and method (404, 405), `admit` (401, 403, 429), the size of its body (413), its content
 * type (415), whether it is JSON (400), then `params`, `query` and `body` (400).
 */
export interface ConnectorRoute<Config = unknown> {
  readonly method: RouteMethod
  /** With `:name` parameters. */
  readonly path: string
  /** The listeners that serve it. @defaultValue as the path says */
  readonly family?: RouteFamilyOfConnectors
  /** Schema of the path's parameters. @defaultValue any text */
  readonly params?: TObject
  /**
   * Whether the path's parameters are given as they came, for those who sign them: not percent-decoded, and served with a broken encoding, too.
   *
   * @defaultValue false: they are decoded, and a path that cannot be is refused (400)
   */
  readonly rawParams?: boolean
  /** Schema of the query. @defaultValue no parameters */
  readonly query?: TObject
  /** Schema of a JSON body; `bytes`: any body of any type, to be read with `bytes` or `json`. @defaultValue any JSON */
  readonly body?: TObject | 'bytes'
  /** Whether a body with an object that has a key twice is refused (400). @defaultValue false: the last counts */
  readonly strictJson?: boolean
  /** Bytes of a body that are taken; a function makes them of `host.server.body_limit`. @defaultValue `host.server.body_limit` */
  readonly bodyLimit?: number | ((ofHost: number) => number)
  /**
   * Asked before the body is read: who may call, and how often. Throws a `RouteError` for who may not; what it returns stands in
   * `request.admitted`.
   *
   * @defaultValue everybody whom the family lets in
   */
  admit?(head: RouteHead, scope: Scope<Config>): unknown
  /**
   * Headers of every answer to whoever `admit` has let in, refusals included: how many calls are left. An answer's own win.
   *
   * @param admitted - what `admit` returned
   * @defaultValue none
   */
  headers?(admitted: unknown): Readonly<Record<string, string>>
  /** What it returns is the answer's JSON, with status 200 (204 for nothing outside the envelope), unless it is made by `answer`. */
  handle(request: RouteRequest, scope: Scope<Config>): unknown
  /**
   * How a refusal is told: the host's (a body that does not fit, a wrong key, a method that the path does not have) and what `admit` and
   * `handle` throw. The first route under `/v1` that has a form tells of the paths there that are none, too, and of those
   * below a `callbacks` path, up to its first parameter, the first route there.
   *
   * @defaultValue `{ success: false, error: { code, message, details } }`
   */
  refuse?(refusal: RouteRefusal, head: RouteHead): RouteAnswer
  /** What it is to the description of the API. @defaultValue it is left out */
  readonly operation?: RouteOperation
  /** What it answers, by status. For the description of the API, and for tests, which hold every answer against it. */
  readonly responses?: Readonly<Record<number, RouteResponse>>
}

type RouteMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export type RouteFamilyOfConnectors = 'public' | 'management' | 'callbacks'
