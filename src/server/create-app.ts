import { createServer, METHODS, maxHeaderSize, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import type { ListenerConfig, ServerConfig } from '../assembly/host-config.ts'
import type { Redactor } from '../assembly/redactor.ts'
import type { Logger } from '../bus/handler.ts'
import type { App } from './app.ts'
import { failure } from './envelope.ts'
import { answerFor } from './error-answer.ts'
import { readJsonBodies } from './json-body.ts'
import { type ErrorAnswer, invalidRequest, notFound } from './request-error.ts'
import { compileRequestSchema } from './request-schema.ts'
import type { ServerTimeouts } from './server-options.ts'
import { traceIdHeader, traceIdOf } from './trace-id.ts'

export interface AppOptions {
  readonly config: Pick<ServerConfig, 'bodyLimit' | 'trustedProxies'>
  readonly listener: Pick<ListenerConfig, 'tls'>
  readonly timeouts: ServerTimeouts
  readonly redactor: Redactor
  readonly log: Logger
}

/** A server without routes that already answers everything, errors included, in the server's own form. */
export function createApp(options: AppOptions): App {
  const { config } = options
  const app = fastify({
    serverFactory: (handler) => openServer(handler, options),
    bodyLimit: config.bodyLimit,
    trustProxy: config.trustedProxies.length > 0 && [...config.trustedProxies],
    genReqId: (request) => traceIdOf(request.headers[traceIdHeader]),
    // The host's state, not the closing socket, decides when requests are turned away.
    return503OnClosing: false,
    // No route has a regular expression that a long parameter could wear out.
    routerOptions: { maxParamLength: 16_384 },
    frameworkErrors: (error, request, reply) => {
      reply.header(traceIdHeader, request.id)
      sendError(error, request, reply, options)
    },
    clientErrorHandler: answerBrokenRequest,
  }).withTypeProvider<TypeBoxTypeProvider>()

  knowEveryMethod(app)
  readJsonBodies(app)
  app.setValidatorCompiler(compileRequestSchema())
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply, options))
  app.setNotFoundHandler(refuseUnknownPath)
  app.addHook('onRequest', async (request, reply) => {
    reply.header(traceIdHeader, request.id)
    if (lacksHost(request)) throw invalidRequest('the header Host is missing')
    // Before the body is read: an unknown path is unknown whatever is sent to it.
    if (request.is404) refuseUnknownPath()
  })
  app.addHook('onResponse', async (request, reply) => logAnswer(request, reply, options.log))
  return app
}

function openServer(handler: RequestListener, { listener, timeouts }: AppOptions): Server {
  const options = {
    headersTimeout: timeouts.headersMs,
    requestTimeout: timeouts.requestMs,
    keepAliveTimeout: timeouts.keepAliveMs,
    connectionsCheckingInterval: Math.min(1_000, timeouts.headersMs),
    // Node's own refusal has no body; ours is in `onRequest`.
    requireHostHeader: false,
  }
  return listener.tls === undefined
    ? createServer(options, handler)
    : createTlsServer({ ...options, ...listener.tls }, handler)
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

function refuseUnknownPath(): never {
  throw notFound('there is no such path on this address')
}

function sendError(
  error: unknown,
  request: Pick<FastifyRequest, 'id' | 'routeOptions'>,
  reply: Pick<FastifyReply, 'status' | 'headers' | 'send'>,
  { redactor, log, config }: AppOptions,
): void {
  const answer = answerFor(error, config.bodyLimit)
  if (answer.status === 500) {
    log.error(
      { err: error, traceId: request.id, route: request.routeOptions.url },
      'request failed',
    )
  }
  reply
    .status(answer.status)
    .headers({ ...answer.headers })
    .send(failure({ ...answer, message: redactor.text(answer.message) }))
}

function logAnswer(request: FastifyRequest, reply: FastifyReply, log: Logger): void {
  log.debug(
    {
      method: request.method,
      route: request.routeOptions.url,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
      traceId: request.id,
    },
    'answered',
  )
}

/** Answers what is not HTTP, or not in time: there is no request yet, only a socket. */
function answerBrokenRequest(error: Error & { readonly code: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const { status, message } = brokenRequest(error.code)
  const answer: ErrorAnswer = { status, code: 'VALIDATION_ERROR', message }
  const body = JSON.stringify(failure(answer))
  const head = [
    `HTTP/1.1 ${status} ${message}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

function brokenRequest(code: string): { readonly status: number; readonly message: string } {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return { status: 431, message: `the headers are larger than ${maxHeaderSize} bytes` }
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { status: 408, message: 'the request took too long to arrive' }
    default:
      return { status: 400, message: 'the request is not valid HTTP' }
  }
}
