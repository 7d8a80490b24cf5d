import { createServer, METHODS } from 'node:http'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import type { ServerConfig } from '../assembly/host-config.ts'
import type { Logger } from '../bus/handler.ts'
import type { Clock } from '../clock.ts'
import type { Validator } from '../schema/validator.ts'
import type { App } from './app.ts'
import { isReadable, routableUrl } from './broken-path.ts'
import { failure } from './envelope.ts'
import { readBodies } from './json-body.ts'
import type { ErrorHandler } from './own-errors.ts'
import { wantsRawParams } from './path-params.ts'
import { refuseUnreadableQuery } from './readable-query.ts'
import { type RefusalOptions, refusalOf } from './refusal.ts'
import { invalidRequest } from './request-error.ts'
import { requestIdOf, tellIds, traceIdOf } from './request-ids.ts'
import { compileRequestSchema } from './request-schema.ts'
import { spareBodies } from './unread-body.ts'

export interface AppOptions extends RefusalOptions {
  readonly config: Pick<ServerConfig, 'bodyLimit' | 'trustedProxies'>
  readonly clock: Pick<Clock, 'after'>
  readonly validator: Validator
  /** What becomes of a request that no route is for. */
  readonly refuseUnknownPath: () => never
  /** How that is told, where a part of the server has a form of its own. */
  readonly tellUnknownPath: (url: string) => ErrorHandler | undefined
}

/**
 * An app without routes that already answers everything, errors included, in the server's own form.
 *
 * It opens nothing: a listener hands requests to its `routing`.
 */
export function createApp(options: AppOptions): App {
  const { config, refuseUnknownPath } = options
  const app = fastify({
    serverFactory: () => createServer(),
    bodyLimit: config.bodyLimit,
    trustProxy: config.trustedProxies.length > 0 && [...config.trustedProxies],
    genReqId: (request) => traceIdOf(request.headers),
    rewriteUrl: ({ url = '/' }) => routableUrl(url),
    // The host's state, not the closing socket, decides when requests are turned away.
    return503OnClosing: false,
    // No route has a regular expression that a long parameter could wear out.
    routerOptions: { maxParamLength: 16_384 },
    frameworkErrors: (error, request, reply) => {
      tellIds(request, reply)
      sendError(error, request, reply, options)
    },
  }).withTypeProvider<TypeBoxTypeProvider>()

  knowEveryMethod(app)
  spareBodies(app, options.clock)
  readBodies(app)
  app.setValidatorCompiler(compileRequestSchema(options.validator))
  app.setErrorHandler((error, request, reply) => {
    const tell = request.is404 ? options.tellUnknownPath(request.originalUrl) : undefined
    if (tell === undefined) sendError(error, request, reply, options)
    else tell(error, request, reply)
  })
  app.setNotFoundHandler(refuseUnknownPath)
  app.addHook('onRequest', (request, reply, done) => {
    tellIds(request, reply)
    if (lacksHost(request)) throw invalidRequest('the header Host is missing')
    if (!isReadable(request.originalUrl) && !wantsRawParams(request))
      throw invalidRequest('the path is not percent-encoded UTF-8')
    // Before the body is read: an unknown path is unknown whatever is sent to it.
    if (request.is404) refuseUnknownPath()
    done()
  })
  app.addHook('preValidation', (request, _reply, done) => {
    refuseUnreadableQuery(request, request.routeOptions.schema?.querystring)
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    logAnswer(request, reply, options.log)
    done()
  })
  return app
}

/** Without this, Fastify answers 404 to methods it does not know on paths that it does. */
function knowEveryMethod(app: App): void {
  for (const method of METHODS) {
    if (!app.supportedMethods.includes(method)) app.addHttpMethod(method)
  }
}

function lacksHost({ raw, headers }: FastifyRequest): boolean {
  return headers.host === undefined && raw.httpVersionMajor === 1 && raw.httpVersionMinor === 1
}

function sendError(
  error: unknown,
  request: Pick<FastifyRequest, 'id' | 'routeOptions'>,
  reply: Pick<FastifyReply, 'status' | 'headers' | 'send'>,
  options: AppOptions,
): void {
  const refusal = refusalOf(error, request, options)
  reply
    .status(refusal.status)
    .headers({ ...refusal.headers })
    .send(failure(refusal))
}

function logAnswer(request: FastifyRequest, reply: FastifyReply, log: Logger): void {
  log.debug(
    {
      method: request.method,
      route: request.routeOptions.url,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
      traceId: request.id,
      requestId: requestIdOf(request),
    },
    'answered',
  )
}
