import { CarabinerError, cancelEvent, verifyWebhook } from 'carabiner/receiver'
import fastify, { type FastifyInstance } from 'fastify'

export interface Listener {
  adjusted(id: string): void
}

/** Vetoes adjustments by more than a factor of two, and hands on those that were made. */
export function createReceiver(secret: string, listener: Listener): FastifyInstance {
  const app = fastify()

  // Every content type as the bytes that came: Fastify would parse JSON, and what is signed are the bytes.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

  app.post<{ Body: Buffer }>('/webhooks', async ({ headers, body }, reply) => {
    const event = await verifyWebhook({ headers, body }, { secret })

    if (event.phase === 'before' && Number(event.params['factor']) > 2) {
      const veto = cancelEvent('at most twice as much at once', { most: 2 })
      return reply.code(veto.status).headers(veto.headers).send(veto.body)
    }
    if (event.phase === 'after') listener.adjusted(event.id)
    return reply.code(204).send()
  })

  app.setErrorHandler((error, _request, reply) => {
    if (error instanceof CarabinerError && error.code === 'SIGNATURE_INVALID') {
      return reply.code(401).send({ error: error.message })
    }
    return reply.send(error)
  })
  return app
}
