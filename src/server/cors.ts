import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App } from './app.ts'

/** Whatever an answer says: connectors have headers of their own. */
const exposed = '*'
const preflightSeconds = '600'

/** Lets pages of the given origins (`*`: of every origin) use this server from a browser. Cookies play no part. */
export function allowOrigins(app: App, origins: readonly string[]): void {
  const isAllowed = (origin: string): boolean => origins.includes('*') || origins.includes(origin)

  app.addHook('onRequest', async (request, reply) => {
    reply.header('vary', 'origin')
    const { origin } = request.headers
    if (origin === undefined || !isAllowed(origin)) return
    reply
      .header('access-control-allow-origin', origin)
      .header('access-control-expose-headers', exposed)
    if (isPreflight(request)) return answerPreflight(request, reply)
  })
}

function isPreflight({ method, headers }: FastifyRequest): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined
}

function answerPreflight({ headers }: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply
    .header('access-control-allow-methods', 'GET, HEAD, POST, PUT, PATCH, DELETE')
    .header('access-control-allow-headers', headers['access-control-request-headers'] ?? '')
    .header('access-control-max-age', preflightSeconds)
    .status(204)
    .send()
}
