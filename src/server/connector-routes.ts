import type { FastifyReply, FastifyRequest } from 'fastify'
import type { TObject } from 'typebox'
import { answer, RouteAnswer } from '../connector/route-answer.ts'
import { familyOf, isEnveloped } from '../connector/route-family.ts'
import type { RouteHead, RouteRequest } from '../connector/route-request.ts'
import { CarabinerError } from '../errors.ts'
import type { App } from './app.ts'
import { callerOf } from './caller.ts'
import { depthOf } from './depth.ts'
import { noQuery } from './empty-schemas.ts'
import { success } from './envelope.ts'
import type { HostFace, ServedRoute } from './host-face.ts'
import { bytesOf, parseJson, takesAnyBody } from './json-body.ts'
import { type RefusalOptions, refusalOf } from './refusal.ts'
import { RequestError, unavailable } from './request-error.ts'
import { requestIdOf } from './request-ids.ts'
import { signalOf } from './request-signal.ts'

export interface ConnectorRouteOptions extends RefusalOptions {
  readonly face: Pick<HostFace, 'state'>
}

const admittedKey = 'carabinerAdmitted'

/** Serves routes of connectors. */
export function connectorRoutes(
  app: App,
  routes: readonly ServedRoute[],
  options: ConnectorRouteOptions,
): void {
  app.decorateRequest(admittedKey, undefined)
  for (const served of routes) serve(app, served, options)
}

function serve(app: App, served: ServedRoute, options: ConnectorRouteOptions): void {
  const { connector, route } = served
  const { refuse, bodyLimit } = route
  try {
    app.route({
      method: route.method,
      url: route.path,
      schema: { querystring: route.query ?? noQuery, ...bodySchema(route.body) },
      config: route.body === 'bytes' ? takesAnyBody : {},
      ...(bodyLimit !== undefined && { bodyLimit }),
      ...(refuse !== undefined && {
        errorHandler: (error: unknown, request: FastifyRequest, reply: FastifyReply) =>
          send(refuse(refusalOf(error, request, options), headOf(request)), reply, false),
      }),
      // Before the body is read; after the key of the scope has been asked for.
      async onRequest(request) {
        refuseUnlessReady(options.face)
        request.setDecorator(admittedKey, await served.admit(headOf(request)))
      },
      async handler(request, reply) {
        const result = await served.handle(requestOf(request, reply, served))
        return send(result, reply, isEnveloped(route))
      },
    })
  } catch (error) {
    throw new CarabinerError(
      'CONNECTOR_FAILED',
      `connector \`${connector}\` cannot serve ${route.method} ${route.path}: is it served already?`,
      { cause: error },
    )
  }
}

function bodySchema(body: TObject | 'bytes' | undefined): { readonly body?: TObject } {
  return body === undefined || body === 'bytes' ? {} : { body }
}

/** What is begun while the host drains would outlive the connector that answers it. */
function refuseUnlessReady(face: ConnectorRouteOptions['face']): void {
  const state = face.state()
  if (state !== 'ready') throw new RequestError(unavailable(`the host is ${state}`))
}

function headOf(request: FastifyRequest): RouteHead {
  return {
    method: request.method,
    url: request.url,
    // Proof of the casts: Fastify's own parsers make them.
    params: request.params as RouteHead['params'],
    query: request.query as RouteHead['query'],
    headers: request.headers,
    address: request.ip,
    traceId: request.id,
    requestId: requestIdOf(request),
  }
}

function requestOf(
  request: FastifyRequest,
  reply: FastifyReply,
  { route }: ServedRoute,
): RouteRequest {
  const bytes = bytesOf(request)
  let signal: AbortSignal | undefined
  return {
    ...headOf(request),
    body: request.body,
    bytes,
    json: () => parseJson(request, bytes),
    admitted: request.getDecorator(admittedKey),
    caller: familyOf(route) === 'management' ? callerOf(request) : undefined,
    depth: depthOf(request),
    get signal() {
      signal ??= signalOf(reply)
      return signal
    },
  }
}

function send(result: unknown, reply: FastifyReply, enveloped: boolean): FastifyReply {
  const { status, headers, body, meta } = result instanceof RouteAnswer ? result : answer(result)
  reply.status(status).headers({ ...headers })
  if (body instanceof Uint8Array)
    return reply.send(Buffer.from(body.buffer, body.byteOffset, body.length))
  if (enveloped && status < 400) return sendJson(success(body, meta), reply)
  if (body !== undefined) return sendJson(body, reply)
  return reply.status(status === 200 ? 204 : status).send()
}

function sendJson(body: unknown, reply: FastifyReply): FastifyReply {
  if (!reply.hasHeader('content-type')) {
    reply.header('content-type', 'application/json; charset=utf-8')
  }
  return reply.send(JSON.stringify(body))
}
