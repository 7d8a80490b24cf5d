import { createServer, type Server } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { Webhook } from 'standardwebhooks'

/** Takes what a subscription is sent. Listen with it where `callback_url` says. */
export function createReceiver(secret: string, take: (event: unknown) => Promise<void>): Server {
  const webhook = new Webhook(secret)

  return createServer(async (request, response) => {
    const end = (status: number): unknown => response.writeHead(status).end()
    try {
      const body = await buffer(request) // the bytes as they came: what is signed is them
      const event = webhook.verify(body, Object(request.headers)) // throws when it does not hold
      await take(event).then(
        () => end(204),
        () => end(503), // not taken: it is sent again
      )
    } catch {
      end(401)
    }
  })
}
