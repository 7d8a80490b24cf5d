import type { ListenerConfig, RouteFamily } from '../assembly/host-config.ts'
import type { ConnectorRoute } from '../connector/route.ts'
import { familyOf } from '../connector/route-family.ts'
import { Validator } from '../schema/validator.ts'
import type { App } from './app.ts'
import { assemblyRoutes } from './assembly.ts'
import { auditEntriesRoutes } from './audit-entries.ts'
import { requireKey } from './caller.ts'
import { connectorRoutes } from './connector-routes.ts'
import { allowOrigins } from './cors.ts'
import { createApp } from './create-app.ts'
import { dispatchRoutes } from './dispatch.ts'
import { dispatchesRoutes } from './dispatches.ts'
import { erasuresRoutes } from './erasures.ts'
import { healthRoutes } from './health.ts'
import type { ServedRoute } from './host-face.ts'
import { keyJudge } from './management-key.ts'
import { refuseOtherMethods } from './method-not-allowed.ts'
import { metricsRoutes } from './metrics.ts'
import { openApiRoutes } from './openapi.ts'
import { outboxRoutes } from './outbox.ts'
import { unknownPathTeller } from './own-errors.ts'
import { redeliveriesRoutes } from './redeliveries.ts'
import { notFound, RequestError, unavailable } from './request-error.ts'
import type { ListenerOptions } from './server-options.ts'

type Serve = Pick<ListenerConfig, 'serve'>

/** What a listener answers while the host starts: how it is, and to everything else that it is not ready yet. */
export function startingApp({ serve }: Serve, options: ListenerOptions): App {
  const app = createApp({
    ...options,
    validator: new Validator({ allErrors: true }),
    refuseUnknownPath() {
      throw new RequestError(unavailable('the host is starting'))
    },
    tellUnknownPath: unknownPathTeller(ofFamilies(options.announced ?? [], serve), options),
  })
  if (serve.includes('public'))
    family(app, (scope) => healthRoutes(scope, keyJudge(options.config), options))
  return app
}

/** What a listener answers: the host's own routes and those of connectors, of the families it serves. */
export function servingApp(
  { serve }: Serve,
  routes: readonly ServedRoute[],
  options: ListenerOptions,
): App {
  const { config, metrics } = options
  const validator = new Validator({ allErrors: true })
  const connectorOptions = { ...options, validator }
  const ofFamily = (family: RouteFamily): typeof routes =>
    serve.includes(family) ? routes.filter(({ route }) => familyOf(route) === family) : []
  const served = routes.map(({ route }) => route)
  const app = createApp({
    ...connectorOptions,
    refuseUnknownPath() {
      throw notFound('there is no such path on this address')
    },
    tellUnknownPath: unknownPathTeller(ofFamilies(served, serve), options),
  })
  const judge = keyJudge(config)

  if (config.cors !== false) allowOrigins(app, config.cors.origins)
  if (serve.includes('public')) {
    family(app, (scope) => {
      healthRoutes(scope, judge, options)
      openApiRoutes(scope, routes, options)
      connectorRoutes(scope, ofFamily('public'), connectorOptions)
    })
  }
  if (serve.includes('management')) {
    family(app, (scope) => {
      requireKey(scope, judge)
      dispatchRoutes(scope, options)
      dispatchesRoutes(scope, options)
      assemblyRoutes(scope, options)
      outboxRoutes(scope, options)
      redeliveriesRoutes(scope, options)
      erasuresRoutes(scope, options)
      auditEntriesRoutes(scope, options)
      connectorRoutes(scope, ofFamily('management'), connectorOptions)
    })
  }
  if (serve.includes('callbacks')) {
    family(app, (scope) => connectorRoutes(scope, ofFamily('callbacks'), connectorOptions))
  }
  if (serve.includes('metrics')) {
    family(app, (scope) => {
      // An address of its own is its protection; shared with others it needs the key.
      if (serve.length > 1) requireKey(scope, judge)
      metricsRoutes(scope, metrics)
    })
  }
  return app
}

/** Those that a listener serves. */
function ofFamilies<R extends Pick<ConnectorRoute, 'path' | 'family'>>(
  routes: readonly R[],
  serve: readonly RouteFamily[],
): readonly R[] {
  return routes.filter((route) => serve.includes(familyOf(route)))
}

/** Routes that share a protection, each path answering 405 to the methods it does not have. */
function family(app: App, add: (scope: App) => void): void {
  app.register(async (scope: App) => {
    const refuseTheRest = refuseOtherMethods(scope)
    add(scope)
    refuseTheRest()
  })
}
