import type { AddressInfo } from 'node:net'
import type { ListenerConfig, RouteFamily } from '../assembly/host-config.ts'
import { CarabinerError, messageOf } from '../errors.ts'
import type { App } from './app.ts'
import { assemblyRoutes } from './assembly.ts'
import { auditEntriesRoutes } from './audit-entries.ts'
import { requireKey } from './caller.ts'
import { connectorRoutes, familyOf } from './connector-routes.ts'
import { allowOrigins } from './cors.ts'
import { createApp } from './create-app.ts'
import { dispatchRoutes } from './dispatch.ts'
import { healthRoutes } from './health.ts'
import { keyJudge } from './management-key.ts'
import { refuseOtherMethods } from './method-not-allowed.ts'
import { metricsRoutes } from './metrics.ts'
import { outboxRoutes } from './outbox.ts'
import { defaultTimeouts, type ServerOptions } from './server-options.ts'

/** One open address with the route families it serves; what it does not serve is unknown there. */
export interface Listener {
  readonly url: string
  readonly serve: readonly RouteFamily[]
  /** Takes no more connections; resolves when every request has its answer. */
  close(): Promise<void>
  /** Ends the connections that are left. */
  cut(): void
}

/** @throws {CarabinerError} LISTEN_FAILED, CONNECTOR_FAILED */
export async function openListener(
  listener: ListenerConfig,
  options: ServerOptions,
): Promise<Listener> {
  const app = openApp(listener, options)
  const lastAnswers = sayGoodbye(app)
  addRoutes(app, listener, options)
  await app.ready()
  await listen(app, listener)
  return {
    url: urlOf(app, listener),
    serve: listener.serve,
    close() {
      lastAnswers()
      return app.close()
    },
    cut: () => app.server.closeAllConnections(),
  }
}

/**
 * What it returns makes every answer from then on the last of its connection.
 *
 * A closing server ends connections that are idle at that moment; one that is in use would be kept until it times out.
 */
function sayGoodbye(app: App): () => void {
  let isClosing = false
  app.addHook('onSend', async (_request, reply) => {
    if (isClosing) reply.header('connection', 'close')
  })
  return () => {
    isClosing = true
  }
}

function openApp(listener: ListenerConfig, options: ServerOptions): App {
  try {
    return createApp({ ...options, listener, timeouts: options.timeouts ?? defaultTimeouts })
  } catch (error) {
    throw failedToListen(listener, error)
  }
}

function addRoutes(app: App, listener: ListenerConfig, options: ServerOptions): void {
  const { face, config, metrics } = options
  const serves = (family: RouteFamily): boolean => listener.serve.includes(family)
  const judge = keyJudge(config)
  const routes = face.routes()
  const ofFamily = (family: RouteFamily): typeof routes =>
    routes.filter((route) => familyOf(route) === family)

  if (config.cors !== false) allowOrigins(app, config.cors.origins)
  if (serves('public')) {
    family(app, (scope) => {
      healthRoutes(scope, options)
      connectorRoutes(scope, ofFamily('public'))
    })
  }
  if (serves('management')) {
    family(app, (scope) => {
      requireKey(scope, judge)
      dispatchRoutes(scope, options)
      assemblyRoutes(scope, options)
      outboxRoutes(scope, options)
      auditEntriesRoutes(scope, options)
      connectorRoutes(scope, ofFamily('management'))
    })
  }
  if (serves('metrics')) {
    family(app, (scope) => {
      // An address of its own is its protection; shared with others it needs the key.
      if (listener.serve.length > 1) requireKey(scope, judge)
      metricsRoutes(scope, metrics)
    })
  }
}

/** Routes that share a protection, each path answering 405 to the methods it does not have. */
function family(app: App, add: (scope: App) => void): void {
  app.register(async (scope: App) => {
    const refuseTheRest = refuseOtherMethods(scope)
    add(scope)
    refuseTheRest()
  })
}

async function listen(app: App, listener: ListenerConfig): Promise<void> {
  try {
    await app.listen({ host: listener.host, port: listener.port })
  } catch (error) {
    await app.close()
    throw failedToListen(listener, error)
  }
}

function failedToListen({ host, port }: ListenerConfig, error: unknown): CarabinerError {
  const message = `cannot listen on ${bracketed(host)}:${port}: ${messageOf(error)}`
  return new CarabinerError('LISTEN_FAILED', message, { cause: error })
}

function urlOf(app: App, { host, tls }: ListenerConfig): string {
  // Proof of the cast: only a pipe has a string for an address, only a closed server none.
  const { port } = app.server.address() as AddressInfo
  return `${tls === undefined ? 'http' : 'https'}://${bracketed(host)}:${port}`
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
