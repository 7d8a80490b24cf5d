import { callbackBodyLimit } from './callback-body.ts'
import type { CallbackStore } from './callback-book.ts'
import {
  type BodyReading,
  type CallbackHttpReply,
  type CallbackRoutesConfig,
  noRoute,
  replyTo,
} from './callback-http.ts'
import { CallbackReceiver } from './callback-receiver.ts'
import { callbackPrefix, defaultCallbackPrefix } from './callback-url.ts'

/**
 * The three routes as a web-standard fetch handler: for Hono, Bun, Deno and whatever else speaks `Request` and `Response`.
 *
 * Paths that are none of the routes are answered 404.
 *
 * @throws {CarabinerError} SECRET_INVALID for a config without a secret and without `allowUnsigned`, or with both
 * @example
 * ```ts
 * import { openStore } from 'carabiner'
 * import { callbackRoutes } from 'carabiner/callbacks'
 *
 * const store = await openStore('sqlite:/var/lib/carabiner/carabiner.db')
 * const callbacks = callbackRoutes(store, { secret })
 * const reply = await callbacks(request)
 * ```
 */
export function callbackRoutes(
  store: CallbackStore,
  config: CallbackRoutesConfig,
): (request: Request) => Promise<Response> {
  const receiver = new CallbackReceiver(store, config)
  const prefix = callbackPrefix(config.pathPrefix ?? defaultCallbackPrefix)
  return async (request) => {
    const reply = await replyTo(receiver, prefix, {
      method: request.method,
      path: new URL(request.url).pathname,
      header: (name) => request.headers.get(name) ?? undefined,
      body: () => readBody(request),
    })
    return responseOf(reply ?? noRoute)
  }
}

function responseOf({ status, headers, body }: CallbackHttpReply): Response {
  return new Response(body, { status, headers })
}

async function readBody(request: Request): Promise<BodyReading> {
  if (request.bodyUsed) {
    throw new TypeError('expected a request whose body has not been read: its raw bytes are kept')
  }
  if (Number(request.headers.get('content-length') ?? 0) > callbackBodyLimit) {
    return { kind: 'too-long' }
  }
  if (request.body === null) return { kind: 'body', bytes: new Uint8Array() }
  const reader = request.body.getReader()
  try {
    return await readChunks(reader)
  } catch {
    return { kind: 'broken' } // A stream of a request fails for nothing else.
  } finally {
    // Not cancelled: that would end the connection before the reply.
    reader.releaseLock()
  }
}

async function readChunks(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<BodyReading> {
  const chunks: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return { kind: 'body', bytes: Buffer.concat(chunks) }
    size += value.length
    if (size > callbackBodyLimit) return { kind: 'too-long' }
    chunks.push(value)
  }
}
