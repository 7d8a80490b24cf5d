import type { TSchema } from 'typebox'

/** A route as the description of the API (OpenAPI 3.1) shows it. */
export interface RouteOperation {
  /** Unique among all routes: what clients made from the description call it. */
  readonly id: string
  /** One line. */
  readonly summary: string
  /** CommonMark. */
  readonly description?: string
  readonly tags?: readonly string[]
  /** What the caller has to show. @defaultValue `management-key` for the family `management`, else `none` */
  readonly security?: 'api-key' | 'management-key' | 'none'
  /** What an API key has to be good for, such as `events:publish`; `keys create` makes keys for what routes name here. The route checks it. @defaultValue none */
  readonly scopes?: readonly string[]
  /** Schema of a JSON body, for a route that takes `bytes`. The host does not check it. @defaultValue any body */
  readonly body?: TSchema
  /** Headers of the request that the route reads, by name. The host does not check them. */
  readonly headers?: Readonly<Record<string, RouteHeader>>
}

/** What a route answers with one status. */
export interface RouteResponse {
  readonly description: string
  /** Schema of the JSON that is sent, the envelope included where there is one. @defaultValue no body */
  readonly body?: TSchema
  /** By name; beside those of every answer. */
  readonly headers?: Readonly<Record<string, RouteHeader>>
}

/** One header, of a request or an answer. */
export interface RouteHeader {
  readonly description: string
  readonly schema: TSchema
}
