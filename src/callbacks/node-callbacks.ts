import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CallbackStore } from './callback-book.ts'
import {
  type CallbackHttpReply,
  type CallbackRoutesConfig,
  httpReply,
  noRoute,
  replyTo,
} from './callback-http.ts'
import { CallbackReceiver } from './callback-receiver.ts'
import { callbackPrefix, defaultCallbackPrefix, pathOfTarget } from './callback-url.ts'
import { headerOf, readNodeBody } from './node-request.ts'

/** Answers a request, or hands it on. */
export type NodeCallbackListener = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => void

/**
 * The three routes for `node:http`.
 *
 * Paths that are none of the routes are handed to `next`, and answered 404 without one.
 *
 * @throws {CarabinerError} SECRET_INVALID for a config without a secret and without `allowUnsigned`, or with both
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { openStore } from 'carabiner'
 * import { nodeCallbacks } from 'carabiner/callbacks'
 *
 * const store = await openStore('sqlite:/var/lib/carabiner/carabiner.db')
 * createServer(nodeCallbacks(store, { secret })).listen(4000, '127.0.0.1')
 * ```
 */
export function nodeCallbacks(
  store: CallbackStore,
  config: CallbackRoutesConfig,
): NodeCallbackListener {
  const receiver = new CallbackReceiver(store, config)
  const prefix = callbackPrefix(config.pathPrefix ?? defaultCallbackPrefix)
  return (request, response, next) => {
    const replied = replyTo(receiver, prefix, {
      method: request.method ?? '',
      path: pathOfTarget(request.url ?? ''),
      header: (name) => headerOf(request, name),
      body: () => readNodeBody(request),
    })
    replied.then(
      (reply) => {
        if (reply === undefined && next !== undefined) next()
        else send(response, reply ?? noRoute)
      },
      (error: unknown) => {
        if (next !== undefined) next(error)
        else send(response, httpReply(receiver.failed(error)))
      },
    )
  }
}

function send(response: ServerResponse, { status, headers, body }: CallbackHttpReply): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}
