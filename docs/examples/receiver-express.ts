import { CarabinerError, cancelEvent, verifyWebhook } from 'carabiner/receiver'
import express, { type ErrorRequestHandler, type Express } from 'express'

export interface Listener {
  adjusted(id: string): void
}

/** Vetoes adjustments by more than a factor of two, and hands on those that were made. */
export function createReceiver(secret: string, listener: Listener): Express {
  const app = express()

  // `express.raw` on this route, and no `express.json()` before it: what is signed are the bytes.
  app.post(
    '/webhooks',
    express.raw({ type: () => true, limit: '1mb' }),
    async (request, response) => {
      const { headers, body } = request
      const event = await verifyWebhook({ headers, body }, { secret })

      if (event.phase === 'before' && Number(event.params['factor']) > 2) {
        const veto = cancelEvent('at most twice as much at once', { most: 2 })
        response.status(veto.status).set(veto.headers).send(veto.body)
        return
      }
      if (event.phase === 'after') listener.adjusted(event.id)
      response.status(204).end()
    },
  )

  app.use(refuse)
  return app
}

const refuse: ErrorRequestHandler = (error, _request, response, next) => {
  if (error instanceof CarabinerError && error.code === 'SIGNATURE_INVALID') {
    response.status(401).json({ error: error.message })
    return
  }
  next(error)
}
