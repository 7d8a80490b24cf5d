import type { openStore } from 'carabiner'
import { callbackRoutes } from 'carabiner/callbacks'
import { Hono } from 'hono'

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
  onError: (error: unknown) => void,
): Hono {
  const callbacks = callbackRoutes(store, { secret, onError })
  const app = new Hono()
  // The same function serves Bun, Deno and everything else that speaks Request and Response.
  app.all('/api/callbacks/*', ({ req }) => callbacks(req.raw))
  app.get('/hello', (context) => context.text('hello'))
  return app
}
