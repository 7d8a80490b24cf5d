import type { IncomingMessage } from 'node:http'
import { callbackBodyLimit } from './callback-body.ts'
import type { BodyReading } from './callback-http.ts'

/** A header's value; what came several times is joined, and so is no signature. */
export function headerOf(
  { headers }: Pick<IncomingMessage, 'headers'>,
  name: string,
): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : value?.join(', ')
}

/**
 * The bytes of a body that nobody has read, or that `express.raw()` has left in `body`.
 *
 * @throws {TypeError} for a body that something before us has read and parsed: a payload is kept byte for byte
 */
export async function readNodeBody(request: IncomingMessage): Promise<BodyReading> {
  const parsed: unknown = 'body' in request ? request.body : undefined
  if (parsed instanceof Uint8Array) {
    return parsed.length > callbackBodyLimit
      ? { kind: 'too-long' }
      : { kind: 'body', bytes: parsed }
  }
  if (request.readableDidRead) {
    throw new TypeError('expected the raw body: mount callbacks before anything that parses bodies')
  }
  if (Number(request.headers['content-length'] ?? 0) > callbackBodyLimit) {
    return { kind: 'too-long' }
  }
  try {
    return await readChunks(request)
  } catch {
    return { kind: 'broken' } // A request's stream fails for nothing else.
  }
}

async function readChunks(request: IncomingMessage): Promise<BodyReading> {
  const chunks: Uint8Array[] = []
  let size = 0
  // Ended early, the request stays open: its reply is still to come.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += chunk.length
    if (size > callbackBodyLimit) {
      request.resume() // what else comes is thrown away
      return { kind: 'too-long' }
    }
    chunks.push(chunk)
  }
  return { kind: 'body', bytes: Buffer.concat(chunks) }
}
