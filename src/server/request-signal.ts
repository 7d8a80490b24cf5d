import type { FastifyReply } from 'fastify'

/** Aborted when the client goes away before it has its answer. */
export function signalOf({ raw }: Pick<FastifyReply, 'raw'>): AbortSignal {
  const controller = new AbortController()
  raw.once('close', () => {
    if (!raw.writableFinished)
      controller.abort(new DOMException('the client has gone', 'AbortError'))
  })
  return controller.signal
}
