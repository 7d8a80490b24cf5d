import type { FastifyRequest } from 'fastify'
import type { App } from './app.ts'
import { type Access, managementKeyHeader } from './management-key.ts'
import { invalidRequest, RequestError } from './request-error.ts'

const holderKey = 'carabinerKeyHolder'

/** Whoever calls a route of this scope from here on has to show a management key. Protection is by route, not by URL. */
export function requireKey(scope: App, judge: (presented: string | undefined) => Access): void {
  scope.decorateRequest(holderKey, undefined)
  scope.addHook('onRequest', async (request) => {
    const access = accessOf(request, judge)
    if (access.kind === 'refused') {
      throw new RequestError({ status: 401, code: 'UNAUTHORIZED', message: access.message })
    }
    request.setDecorator(holderKey, access.holder)
  })
}

/** What the management key of a request, or that it has none, comes to. */
export function accessOf(
  { headers }: Pick<FastifyRequest, 'headers'>,
  judge: (presented: string | undefined) => Access,
): Access {
  const presented = headers[managementKeyHeader]
  return judge(typeof presented === 'string' ? presented : undefined)
}

const visible = /^[\x20-\x7e\x80-\xff]{1,256}$/

/** Whom the caller says to act for: the header `X-Actor`. */
export function actorOf(request: Pick<FastifyRequest, 'headers'>): string | undefined {
  const actor = request.headers['x-actor']
  if (actor === undefined) return undefined
  if (typeof actor === 'string' && visible.test(actor)) return actor
  throw invalidRequest('X-Actor must have 1 to 256 visible characters')
}

/** Who is behind a request that showed a key: the actor it names, else the key's own name. */
export function callerOf(request: FastifyRequest): string {
  const holder = request.getDecorator<string | undefined>(holderKey)
  return actorOf(request) ?? holder ?? 'management'
}
