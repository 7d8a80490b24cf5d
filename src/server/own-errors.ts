import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ConnectorRoute } from '../connector/route.ts'
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

/** Tells of paths under `/v1` that are none, in the form of the first route there that has one. */
export function unknownPathHandler(
  routes: readonly Pick<ConnectorRoute, 'path' | 'refuse'>[],
  options: RefusalOptions,
): ErrorHandler | undefined {
  const route = routes.find(({ path, refuse }) => isOfApi(path) && refuse !== undefined)
  return route && errorHandlerOf(route, options)
}

/** Whether a path is one of those whose form is up to connectors. */
export function isOfApi(path: string): boolean {
  return /^\/v1(?:[/?]|$)/.test(path)
}
