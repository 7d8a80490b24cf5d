import type { openStore } from 'carabiner'
import { expressCallbacks } from 'carabiner/callbacks'
import express, { type Express } from 'express'

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
): Express {
  const app = express()
  // Before `express.json()`: a payload is kept byte for byte.
  app.use(expressCallbacks(store, { secret, onError }))
  app.use(express.json())
  app.get('/hello', (_request, response) => {
    response.send('hello')
  })
  return app
}
