import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ConnectorRoute } from '../connector/route.ts'
import { isEnveloped } from '../connector/route-family.ts'
import { type RefusalOptions, refusalOf } from './refusal.ts'
import { headOf } from './route-request.ts'
import { writeHead } from './send-answer.ts'

/** Answers what was thrown during a request. */
export type ErrorHandler = (error: unknown, request: FastifyRequest, reply: FastifyReply) => void

/** Tells errors in the form of a route; `undefined` for a route that leaves it to the server. */
export function errorHandlerOf(
  { refuse }: Pick<ConnectorRoute, 'refuse'>,
  options: RefusalOptions,
): ErrorHandler | undefined {
  if (refuse === undefined) return undefined
  return (error, request, reply) => {
    const answer = refuse(refusalOf(error, request, options), headOf(request))
    reply.send(writeHead(answer, reply, false))
  }
}

/** Tells of paths that are none, in the form of the first route of the same part of the server that has one. */
export function unknownPathTeller(
  routes: readonly Pick<ConnectorRoute, 'path' | 'refuse'>[],
  options: RefusalOptions,
): (url: string) => ErrorHandler | undefined {
  const handlers = new Map<string, ErrorHandler>()
  for (const route of routes) {
    const part = partOf(route)
    const handler = errorHandlerOf(route, options)
    if (part === undefined || handler === undefined || handlers.has(part)) continue
    handlers.set(part, handler)
  }
  return (url) => {
    const [path = ''] = url.split(/[?#]/, 1)
    const part = [...handlers.keys()].find((each) => `${path}/`.startsWith(each))
    return part === undefined ? undefined : handlers.get(part)
  }
}

/** The part of the server whose form is up to connectors, and the route is in: `/v1/`, or `/api/callbacks/`; `undefined` for none. */
function partOf({ path }: Pick<ConnectorRoute, 'path'>): string | undefined {
  if (path.startsWith('/v1/')) return '/v1/'
  const [before = ''] = path.split(':', 1)
  return before === '/' || isEnveloped({ path }) ? undefined : before
}
