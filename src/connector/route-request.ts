/** What is known of a request before its body is read. */
export interface RouteHead {
  readonly method: string
  /** Path and query, as they were sent. */
  readonly url: string
  /** Percent-decoded, unless the route has `rawParams`; before `handle`, not yet held against the schema. */
  readonly params: Readonly<Record<string, string>>
  /** Before `handle`, as it was sent: texts, or lists of texts for what comes more than once. */
  readonly query: Readonly<Record<string, unknown>>
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The caller's address; behind `trusted_proxies` the one they name. */
  readonly address: string
  /** The address that the connection comes from, whatever its headers say. */
  readonly peer: string
  /** `X-Trace-Id`, else a new one. */
  readonly traceId: string
  /** `X-Request-Id`, else a new one. */
  readonly requestId: string
}

/** What a route's handler gets. */
export interface RouteRequest extends RouteHead {
  /** As the schema wants it. */
  readonly query: Readonly<Record<string, unknown>>
  /** The JSON body; `undefined` without one, and for a route that takes `bytes`. */
  readonly body: unknown
  /** The body exactly as it came: what a signature covers. Empty without one. */
  readonly bytes: Uint8Array
  /** Reads `bytes` as the host reads JSON: UTF-8, at most 256 deep, no `__proto__`, no number beyond a double's. @throws {RouteError} 400 */
  json(): Promise<unknown>
  /** What the route's `admit` returned. */
  readonly admitted: unknown
  /** Who showed a management key: `X-Actor`, else the key's name; `undefined` where none is asked for. */
  readonly caller: string | undefined
  /** How many dispatches this request stands behind: to be handed on to `dispatch`. */
  readonly depth: number
  /** Aborted when the caller goes away before it has its answer. */
  readonly signal: AbortSignal
}
