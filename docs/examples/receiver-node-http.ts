import { createServer, type IncomingMessage, type Server } from 'node:http'
import { CarabinerError, cancelEvent, verifyWebhook } from 'carabiner/receiver'

export interface Listener {
  adjusted(id: string): void
  failed(error: unknown): void
}

/** Vetoes adjustments by more than a factor of two, and hands on those that were made. */
export function createReceiver(secret: string, listener: Listener): Server {
  return createServer((request, response) => {
    answer(request, secret, listener)
      .then(({ status, headers, body }) => response.writeHead(status, headers).end(body))
      .catch((error: unknown) => {
        listener.failed(error)
        response.writeHead(500).end()
      })
  })
}

async function answer(request: IncomingMessage, secret: string, listener: Listener) {
  try {
    const body = await readBody(request)
    const event = await verifyWebhook({ headers: request.headers, body }, { secret })

    if (event.phase === 'before' && Number(event.params['factor']) > 2) {
      return cancelEvent('at most twice as much at once', { most: 2 })
    }
    if (event.phase === 'after') listener.adjusted(event.id)
    return { status: 204, headers: {}, body: '' }
  } catch (error) {
    // 401 for a bad signature; anything else is a 500, and the host tries again.
    if (!(error instanceof CarabinerError) || error.code !== 'SIGNATURE_INVALID') throw error
    return { status: 401, headers: {}, body: error.message }
  }
}

/** The bytes as they came: what is signed is them, not the object they stand for. */
async function readBody(request: IncomingMessage, limit: number = 1_048_576): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > limit) throw new Error(`a body of more than ${limit} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
