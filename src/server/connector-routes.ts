import type { preValidationHookHandler } from 'fastify'
import type { ConnectorRoute } from '../connector/route.ts'
import { isEnveloped } from '../connector/route-family.ts'
import { CarabinerError } from '../errors.ts'
import type { Validator } from '../schema/validator.ts'
import type { App } from './app.ts'
import { noQuery } from './empty-schemas.ts'
import type { HostFace, ServedRoute } from './host-face.ts'
import { takesAnyBody, takesNamesOnce } from './json-body.ts'
import { errorHandlerOf } from './own-errors.ts'
import { paramsOf, takesRawParams } from './path-params.ts'
import { refuseUnreadableQuery } from './readable-query.ts'
import type { RefusalOptions } from './refusal.ts'
import { RequestError, unavailable } from './request-error.ts'
import { partReader } from './request-schema.ts'
import { headOf, requestOf } from './route-request.ts'
import { type Payload, writeHead } from './send-answer.ts'

export interface ConnectorRouteOptions extends RefusalOptions {
  readonly face: Pick<HostFace, 'state'>
  readonly validator: Validator
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

/** The order of Fastify's hooks is the order in which a request is looked at: see `ConnectorRoute`. */
function serve(app: App, served: ServedRoute, options: ConnectorRouteOptions): void {
  const { connector, route } = served
  const bodyLimit = bodyLimitOf(route, options)
  const errorHandler = errorHandlerOf(route, options)
  try {
    app.route({
      method: route.method,
      url: route.path,
      config: configOf(route),
      ...(bodyLimit !== undefined && { bodyLimit }),
      ...(errorHandler !== undefined && { errorHandler }),
      // Before the body is read; after the key of the scope has been asked for.
      async onRequest(request, reply) {
        refuseUnlessReady(options.face)
        const admitted = await served.admit(headOf(request))
        request.setDecorator(admittedKey, admitted)
        if (route.headers !== undefined) reply.headers({ ...route.headers(admitted) })
      },
      preValidation: readParts(route, options.validator),
      // The body, not the reply: that is a thenable, and waiting for it costs a listener on each of its ends.
      async handler(request, reply): Promise<Payload> {
        const admitted: unknown = request.getDecorator(admittedKey)
        const result = await served.handle(requestOf(request, reply, route, admitted))
        return writeHead(result, reply, isEnveloped(route))
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

function bodyLimitOf(
  { bodyLimit }: ConnectorRoute,
  { config }: ConnectorRouteOptions,
): number | undefined {
  return typeof bodyLimit === 'function' ? bodyLimit(config.bodyLimit) : bodyLimit
}

function configOf(route: ConnectorRoute): object {
  return { ...bodyConfig(route), ...(route.rawParams === true && takesRawParams) }
}

function bodyConfig({ body, strictJson = false }: ConnectorRoute): object {
  if (body === 'bytes') return takesAnyBody
  return strictJson ? takesNamesOnce : {}
}

/** What is begun while the host drains would outlive the connector that answers it. */
function refuseUnlessReady(face: ConnectorRouteOptions['face']): void {
  const state = face.state()
  if (state !== 'ready') throw new RequestError(unavailable(`the host is ${state}`))
}

/** Holds the path's parameters, the query and the body against their schemas, in this order. */
function readParts(
  { params, query = noQuery, body }: ConnectorRoute,
  validator: Validator,
): preValidationHookHandler {
  const readParams = params && partReader(validator, params, 'path')
  const readQuery = partReader(validator, query, 'query')
  const readBody =
    body === undefined || body === 'bytes' ? undefined : partReader(validator, body, 'body')
  return (request, _reply, done) => {
    if (readParams !== undefined) request.params = readParams(paramsOf(request))
    refuseUnreadableQuery(request, query)
    request.query = readQuery(request.query)
    if (readBody !== undefined) request.body = readBody(request.body)
    done()
  }
}
