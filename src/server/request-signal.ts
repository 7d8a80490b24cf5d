import type { FastifyReply } from 'fastify'

/**
 * Aborted when the client goes away before it has its answer.
 *
 * One that only says that it will send no more (a half-closed connection) looks the same until something is written to it: it counts as gone
 * for whoever asks, and is answered all the same.
 */
export function signalOf({ raw, request }: Pick<FastifyReply, 'raw' | 'request'>): AbortSignal {
  const controller = new AbortController()
  const { socket } = request
  const gone = (): void => {
    if (!raw.writableEnded) controller.abort(new DOMException('the client has gone', 'AbortError'))
  }
  // Requests that are sent without waiting for answers (pipelined) all listen to one socket, however many there are.
  socket.setMaxListeners(0)
  if (socket.readableEnded) gone()
  else socket.once('end', gone)
  raw.once('close', () => {
    socket.off('end', gone)
    gone()
  })
  return controller.signal
}
