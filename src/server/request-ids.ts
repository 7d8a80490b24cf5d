import type { FastifyReply, FastifyRequest } from 'fastify'
import { newId } from '../ids.ts'

/** Header that carries the trace id, both ways. */
const traceIdHeader = 'x-trace-id'
/** Header that carries the id of one request, both ways. */
const requestIdHeader = 'x-request-id'

/** On the request itself: Fastify's own, in which a path cannot be read, has no decorators; and a WeakMap costs more than the id. */
const requestId: unique symbol = Symbol('request id')

declare module 'node:http' {
  interface IncomingMessage {
    [requestId]?: string
  }
}

const acceptable = /^[\x21-\x7e]{1,128}$/

/** The caller's trace id when it is one, else a new one. */
export function traceIdOf(headers: FastifyRequest['headers']): string {
  return acceptedOr(headers[traceIdHeader], newId)
}

/** Which of the requests of a trace this is: `X-Request-Id` when it is one, else a new id. */
export function requestIdOf({ raw, headers }: Pick<FastifyRequest, 'raw' | 'headers'>): string {
  raw[requestId] ??= acceptedOr(headers[requestIdHeader], newId)
  return raw[requestId]
}

/** Tells the caller both ids, whatever else it is told. */
export function tellIds(request: FastifyRequest, reply: FastifyReply): void {
  reply.header(traceIdHeader, request.id).header(requestIdHeader, requestIdOf(request))
}

function acceptedOr(header: string | string[] | undefined, make: () => string): string {
  return typeof header === 'string' && acceptable.test(header) ? header : make()
}
