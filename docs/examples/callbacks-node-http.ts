import { createServer, type Server } from 'node:http'
import type { openStore } from 'carabiner'
import { nodeCallbacks } from 'carabiner/callbacks'

/**
 * Your server, with the three routes beside its own:
 * POST /api/callbacks/:id/complete, POST /api/callbacks/:id/fail, POST /api/callbacks/:id/heartbeat.
 *
 * @param store - `await openStore('postgres://…')`: the one that your hosts use
 * @param secret - 64 hex digits, the same that the hosts have
 */
export function createApp(
  store: Awaited<ReturnType<typeof openStore>>,
  secret: string,
  onError: (error: unknown) => void,
): Server {
  const callbacks = nodeCallbacks(store, { secret, onError })
  return createServer((request, response) => {
    callbacks(request, response, (error) => {
      // Not one of the three, or something before us has read the body.
      if (error !== undefined) response.writeHead(500).end()
      else response.end('hello')
    })
  })
}
