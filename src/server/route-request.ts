import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ConnectorRoute } from '../connector/route.ts'
import { familyOf } from '../connector/route-family.ts'
import type { RouteHead, RouteRequest } from '../connector/route-request.ts'
import { callerOf } from './caller.ts'
import { depthOf } from './depth.ts'
import { bytesOf, parseJson } from './json-body.ts'
import { paramsOf } from './path-params.ts'
import { requestIdOf } from './request-ids.ts'
import { signalOf } from './request-signal.ts'

/** A request as a connector's `admit` and `refuse` see it. */
export function headOf(request: FastifyRequest): RouteHead {
  return {
    method: request.method,
    url: request.originalUrl,
    params: paramsOf(request),
    // Proof of the cast: Fastify's own parser makes it.
    query: request.query as RouteHead['query'],
    headers: request.raw.headers,
    address: request.ip,
    peer: request.socket.remoteAddress ?? '',
    traceId: request.id,
    requestId: requestIdOf(request),
  }
}

/** A request as a connector's `handle` sees it. */
export function requestOf(
  request: FastifyRequest,
  reply: FastifyReply,
  route: ConnectorRoute,
  admitted: unknown,
): RouteRequest {
  const bytes = bytesOf(request)
  let signal: AbortSignal | undefined
  return {
    ...headOf(request),
    body: request.body,
    bytes,
    json: async () => parseJson(bytes, route.strictJson === true ? 'once' : 'last'),
    admitted,
    caller: familyOf(route) === 'management' ? callerOf(request) : undefined,
    depth: depthOf(request),
    get signal() {
      signal ??= signalOf(reply)
      return signal
    },
  }
}
