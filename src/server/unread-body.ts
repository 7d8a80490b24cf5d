import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../clock.ts'
import type { App } from './app.ts'

/**
 * Reads a body only when somebody is going to use it.
 *
 * A caller that asks first (`Expect: 100-continue`) is told to go on when the request has been let in; one that has not asked, and is
 * answered before its body was read, loses its connection: the rest of the body would have to be read and thrown away.
 */
export function spareBodies(app: App, clock: Pick<Clock, 'after'>): void {
  app.addHook('preParsing', (request, reply, _payload, done) => {
    if (waitsForLeave(request.raw) && !isTooLong(request)) reply.raw.writeContinue()
    done()
  })
  app.addHook('onSend', ({ raw }, reply: FastifyReply, _payload, done) => {
    if (hasBody(raw) && !raw.complete) {
      reply.header('connection', 'close')
      raw.socket.destroySoon = () => hangUp(raw.socket, clock)
    }
    done()
  })
}

/** How long a caller has to read its answer while it is still sending. */
const lastWordsMs = 1_000

/**
 * Ends a connection whose caller is still sending: whatever it sends stays unread.
 *
 * Node would destroy the socket at once; the system answers what then still comes with a reset, which may overtake the answer.
 */
function hangUp(socket: Socket, clock: Pick<Clock, 'after'>): void {
  socket.end()
  // Node resumes a request that is answered, to throw its body away; that has happened by then.
  setImmediate(() => socket.pause())
  const limit = clock.after(lastWordsMs, () => socket.destroy())
  socket.once('close', () => limit[Symbol.dispose]())
}

function waitsForLeave({ headers }: IncomingMessage): boolean {
  return headers.expect?.toLowerCase() === '100-continue'
}

function isTooLong({ headers, routeOptions }: FastifyRequest): boolean {
  return Number(headers['content-length'] ?? 0) > (routeOptions.bodyLimit ?? 0)
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}
