import type { RouteFamily } from '../assembly/host-config.ts'
import { CarabinerError } from '../errors.ts'
import type { App } from './app.ts'
import { noQuery } from './empty-schemas.ts'
import { success } from './envelope.ts'
import type { ServedRoute } from './host-face.ts'

/** Which listeners serve a connector's route: those under `/api/v1/` are for management, those under `/v1/` for everybody. */
export function familyOf({ connector, route }: ServedRoute): RouteFamily {
  const [, base] = acceptable.exec(route.path) ?? []
  if (base === undefined) {
    throw new CarabinerError(
      'CONNECTOR_FAILED',
      `connector \`${connector}\` has a route \`${route.path}\`: expected /v1/… or /api/v1/… with :name parameters`,
    )
  }
  return base === '/v1' ? 'public' : 'management'
}

const acceptable = /^(\/v1|\/api\/v1)(?:\/(?:[\w~-][\w.~-]*|:[a-z]\w*))+$/i

/** Serves routes of connectors: in the envelope under `/api/v1`, as they are under `/v1`. */
export function connectorRoutes(app: App, routes: readonly ServedRoute[]): void {
  for (const served of routes) serve(app, served)
}

function serve(app: App, served: ServedRoute): void {
  const { connector, route, scope } = served
  const isEnveloped = familyOf(served) === 'management'
  try {
    app.route<{ Params: Record<string, string>; Querystring: Record<string, unknown> }>({
      method: route.method,
      url: route.path,
      schema: { querystring: route.query ?? noQuery, ...(route.body && { body: route.body }) },
      async handler({ params, query, body, headers, id }, reply) {
        const result = await route.handle({ params, query, body, headers, traceId: id }, scope)
        if (isEnveloped) return success(result)
        if (result === undefined) reply.status(204)
        return result
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
