import { cancelEvent, receiver } from 'carabiner/receiver'
import { Hono } from 'hono'

export interface Listener {
  adjusted(id: string): void
  failed(error: unknown): void
}

/** Vetoes adjustments by more than a factor of two, and hands on those that were made. */
export function createReceiver(secret: string, listener: Listener): Hono {
  const receive = receiver({
    secret,
    before: {
      adjust: ({ params }) => {
        if (Number(params['factor']) <= 2) return undefined
        return cancelEvent('at most twice as much at once', { most: 2 })
      },
    },
    after: { adjust: ({ id }) => listener.adjusted(id) },
    onError: (error) => listener.failed(error),
  })

  // The same function serves Bun, Deno, Next.js and everything else that speaks Request and Response.
  return new Hono().post('/webhooks', (context) => receive(context.req.raw))
}
