import {
  answer,
  type ConnectorRoute,
  type RouteAnswer,
  RouteError,
  type RouteOperation,
  type RouteRequest,
  type RouteResponse,
} from 'carabiner'
import type { TObject } from 'typebox'
import type { IngressConfig } from '../config.ts'
import { Failure } from '../schemas/envelope.ts'
import { type Service, serviceOf } from '../service.ts'
import { exactJson } from '../views/raw-json.ts'

/** One route of the management API. */
export interface ManagementRoute {
  readonly method: 'GET' | 'POST'
  /** Below `/api/v1`, with `:name` parameters. */
  readonly path: string
  readonly operation: Omit<RouteOperation, 'tags' | 'security'>
  readonly params?: TObject
  readonly query?: TObject
  readonly body?: TObject
  /** What it answers when it went well. @defaultValue status 200 */
  readonly success: RouteResponse & { readonly status?: number }
  /** What else it answers, beside what every route may. */
  readonly refusals?: readonly RefusalStatus[]
  handle(service: Service, request: RouteRequest): Promise<RouteAnswer>
}

type RefusalStatus = 403 | 404 | 409 | 504 | 508

/** A route as the host serves it: to whoever shows the management key. */
export function managementRoute(row: ManagementRoute): ConnectorRoute<IngressConfig> {
  const { method, path, params, query, body, success, refusals = [] } = row
  const { status = 200, ...response } = success
  return {
    method,
    path: `/api/v1${path}`,
    ...(params && { params }),
    ...(query && { query }),
    ...(body && { body }),
    operation: { ...row.operation, tags: ['ingress'] },
    responses: { [status]: response, ...refusalResponses(refusals, body !== undefined) },
    handle: (request, scope) => row.handle(serviceOf(scope), request),
  }
}

/** An answer whose raw parts are sent as they were written. */
export function exactAnswer(data: unknown, meta: object = {}): RouteAnswer {
  const text = exactJson({ success: true, data, meta })
  const headers = { 'content-type': 'application/json; charset=utf-8' }
  return answer(new TextEncoder().encode(text), { headers })
}

/** The id in a path, in the form in which ids are kept. */
export function idIn({ params }: RouteRequest): string {
  return (params['id'] ?? '').toLowerCase()
}

export function notFound(what: string, id: string): RouteError {
  return new RouteError({ status: 404, code: 'NOT_FOUND', message: `${what} ${id} was not found` })
}

const descriptions: Readonly<Record<number, string>> = {
  400: 'Something in the request cannot be what it says: `details.errors`',
  401: 'No management key, or a wrong one',
  403: 'A handler has vetoed it',
  404: 'There is no such object',
  409: 'It cannot be done as things stand',
  413: 'The body is too long',
  415: 'The body is not JSON',
  500: 'A mistake of the host',
  503: 'The host cannot do it now',
  504: 'It took too long',
  508: 'It stands behind too many events that caused one another',
}

/** What a route may refuse with, as the description of the API tells it. */
export function refusalResponses(
  more: readonly number[],
  hasBody: boolean,
  isProtected = true,
): Readonly<Record<number, RouteResponse>> {
  const statuses = [
    400,
    ...(isProtected ? [401] : []),
    ...(hasBody ? [413, 415] : []),
    500,
    503,
    ...more,
  ]
  return Object.fromEntries(
    statuses.map((status) => [status, { description: descriptions[status] ?? '', body: Failure }]),
  )
}
