import { createServer } from 'node:http'
import { serveFetch } from './serve-fetch.ts'

/** Serves a handler on a port of this computer, tells the parent process, and ends with it. */
export function serve(handle: (request: Request) => Promise<Response>, port: number): void {
  const server = createServer(serveFetch(handle))
  server.on('error', (error: NodeJS.ErrnoException) => {
    console.error(error.code === 'EADDRINUSE' ? `port ${port} is taken` : error.message)
    process.exit(1)
  })
  server.listen(port, '127.0.0.1', () => process.send?.({ kind: 'listening' }))
  process.on('disconnect', () => process.exit(0))
}
