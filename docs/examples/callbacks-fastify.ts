import type { openStore } from 'carabiner'
import { fastifyCallbacks } from 'carabiner/callbacks'
import fastify, { type FastifyInstance } from 'fastify'

/**
 * Your application, with the three routes beside its own:
 * POST /api/callbacks/:id/complete, POST /api/callbacks/:id/fail, POST /api/callbacks/:id/heartbeat.
 *
 * @param store - `await openStore('postgres://…')`: the one that your hosts use
 * @param secret - 64 hex digits, the same that the hosts have
 */
export function createApp(
  store: Awaited<ReturnType<typeof openStore>>,
  secret: string,
): FastifyInstance {
  const app = fastify()
  app.register(
    fastifyCallbacks(store, {
      secret,
      onError: (error) => app.log.error(error, 'a callback was not stored'),
    }),
  )
  app.get('/hello', async () => 'hello')
  return app
}
