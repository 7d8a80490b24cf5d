import type { IncomingMessage } from 'node:http'
import type { CallbackStore } from './callback-book.ts'
import { type CallbackHttpReply, type CallbackRoutesConfig, replyTo } from './callback-http.ts'
import { CallbackReceiver } from './callback-receiver.ts'
import { callbackPrefix, defaultCallbackPrefix, pathOfTarget } from './callback-url.ts'
import { headerOf, readNodeBody } from './node-request.ts'

/** As much of a Fastify instance as the routes need. */
export interface FastifyForCallbacks {
  /** What it puts before the paths of its routes. */
  readonly prefix: string
  readonly supportedMethods: readonly string[]
  route(options: FastifyCallbackRoute): unknown
}

/** The one route that takes all paths below the prefix. */
export interface FastifyCallbackRoute {
  readonly method: string[]
  readonly url: string
  readonly exposeHeadRoute: boolean
  onRequest(request: FastifyCallbackRequest, reply: FastifyCallbackReply): Promise<unknown>
  handler(request: FastifyCallbackRequest, reply: FastifyCallbackReply): void
}

/** As much of a Fastify request as the routes need. */
export interface FastifyCallbackRequest {
  readonly raw: IncomingMessage
}

/** As much of a Fastify reply as the routes need. */
export interface FastifyCallbackReply {
  code(status: number): unknown
  headers(values: Record<string, string>): unknown
  send(body: string): unknown
  callNotFound(): unknown
}

/**
 * The three routes as a plugin for Fastify.
 *
 * They answer before a body is parsed, so your own parsers do not matter; hooks and a `prefix` of yours count. Other paths below the prefix are your
 * not-found handler's.
 *
 * @throws {CarabinerError} SECRET_INVALID for a config without a secret and without `allowUnsigned`, or with both
 * @example
 * ```ts
 * import { openStore } from 'carabiner'
 * import { fastifyCallbacks } from 'carabiner/callbacks'
 * import fastify from 'fastify'
 *
 * const store = await openStore('sqlite:/var/lib/carabiner/carabiner.db')
 * await fastify().register(fastifyCallbacks(store, { secret })).listen({ port: 4000 })
 * ```
 */
export function fastifyCallbacks(
  store: CallbackStore,
  config: CallbackRoutesConfig,
): (instance: FastifyForCallbacks) => Promise<void> {
  const receiver = new CallbackReceiver(store, config)
  const prefix = callbackPrefix(config.pathPrefix ?? defaultCallbackPrefix)
  return async (instance) => {
    const segmentsBefore = `${instance.prefix}${prefix}`.split('/').length
    const reply = ({ raw }: FastifyCallbackRequest): Promise<CallbackHttpReply | undefined> =>
      replyTo(receiver, '', {
        method: raw.method ?? '',
        path: pathAfter(pathOfTarget(raw.url ?? ''), segmentsBefore),
        header: (name) => headerOf(raw, name),
        body: () => readNodeBody(raw),
      })
    instance.route({
      method: [...instance.supportedMethods],
      // A wildcard takes ids of any length, and none.
      url: `${prefix}/*`,
      exposeHeadRoute: false,
      async onRequest(request, response) {
        const replied = await reply(request)
        // Before its body is read: a path that is nobody's is unknown whatever is sent to it.
        if (replied === undefined) response.callNotFound()
        else send(response, replied)
        return response
      },
      handler() {
        throw new TypeError('expected `onRequest` to have answered')
      },
    })
  }
}

/** The rest of a path whose first segments are the prefix's, whatever stands in them. */
function pathAfter(path: string, segments: number): string {
  return `/${path.split('/').slice(segments).join('/')}`
}

function send(response: FastifyCallbackReply, reply: CallbackHttpReply): void {
  response.code(reply.status)
  response.headers({ ...reply.headers })
  response.send(reply.body)
}
