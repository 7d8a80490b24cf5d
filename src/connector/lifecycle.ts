import { CarabinerError, messageOf } from '../errors.ts'
import type { Connector } from './connector.ts'
import { createScope, type ScopeParts, type StrayHandler } from './create-scope.ts'
import type { ConnectorRoute } from './route.ts'
import { familyOf } from './route-family.ts'
import type { Scope } from './scope.ts'
import { disposeResult, setUp } from './set-up.ts'

/** A connector to be started, with its parsed configuration. */
export interface ConnectorInstance {
  readonly id: string
  readonly connector: Connector
  readonly config: unknown
}

export interface StartedConnector extends AsyncDisposable {
  readonly id: string
  readonly connector: Connector
  readonly scope: Scope<unknown>
  readonly routes: readonly ConnectorRoute[]
}

/** All connectors have started, or why which did not. */
export type Start =
  | { readonly kind: 'started'; readonly connectors: readonly StartedConnector[] }
  | { readonly kind: 'failed'; readonly failures: readonly StartFailure[] }

/** `stray`: it was set up, but handles what does not exist. `failed`: its `setup` threw. */
export type StartFailure =
  | { readonly kind: 'stray'; readonly id: string; readonly handler: StrayHandler }
  | { readonly kind: 'failed'; readonly id: string; readonly error: unknown }

/**
 * Sets connectors up in assembly order: all of them, or none; those that had started are then stopped again, in reverse.
 *
 * @param setupWithinMs - how long the `setup` of each may take
 */
export async function startConnectors(
  instances: readonly ConnectorInstance[],
  partsOf: (id: string) => ScopeParts,
  setupWithinMs: number,
): Promise<Start> {
  const connectors: StartedConnector[] = []
  const failures: StartFailure[] = []
  for (const instance of instances) {
    try {
      const parts = partsOf(instance.id)
      const { started, strays } = await startConnector(instance, parts, setupWithinMs)
      connectors.push(started)
      for (const handler of strays) failures.push({ kind: 'stray', id: instance.id, handler })
    } catch (error) {
      failures.push({ kind: 'failed', id: instance.id, error })
    }
  }
  if (failures.length === 0) return { kind: 'started', connectors }

  for (const { id, error } of await stopAll(connectors)) {
    failures.push({ kind: 'failed', id, error })
  }
  return { kind: 'failed', failures }
}

/** Stops connectors in reverse order, all of them even when some fail. @throws {AggregateError} what failed */
export async function stopConnectors(started: readonly StartedConnector[]): Promise<void> {
  const failures = (await stopAll(started)).map(({ id, error }) => {
    const message = `connector \`${id}\` did not stop cleanly: ${messageOf(error)}`
    return new CarabinerError('CONNECTOR_FAILED', message, { cause: error })
  })
  if (failures.length > 0) throw new AggregateError(failures, failures.map(messageOf).join('; '))
}

async function stopAll(
  started: readonly StartedConnector[],
): Promise<readonly { readonly id: string; readonly error: unknown }[]> {
  const failures: { id: string; error: unknown }[] = []
  for (const connector of started.toReversed()) {
    try {
      await connector[Symbol.asyncDispose]()
    } catch (error) {
      failures.push({ id: connector.id, error })
    }
  }
  return failures
}

async function startConnector(
  { id, connector, config }: ConnectorInstance,
  parts: ScopeParts,
  setupWithinMs: number,
): Promise<{ readonly started: StartedConnector; readonly strays: readonly StrayHandler[] }> {
  const { scope, registrations, endSetup } = createScope(id, config, parts)
  try {
    const routes = routesOf(connector, { id, config })
    const result = await setUp(connector, scope, parts, setupWithinMs)
    const started: StartedConnector = {
      id,
      connector,
      scope,
      routes,
      async [Symbol.asyncDispose]() {
        registrations.dispose()
        await disposeResult(result)
      },
    }
    return { started, strays: endSetup() }
  } catch (error) {
    registrations.dispose()
    throw error
  }
}

/** What an instance of a connector answers over HTTP. @throws {CarabinerError} CONNECTOR_FAILED: a path that cannot be served */
export function routesOf(
  { routes = [] }: Connector,
  instance: { readonly id: string; readonly config: unknown },
): readonly ConnectorRoute[] {
  const made = typeof routes === 'function' ? routes(instance) : routes
  for (const route of made) familyOf(route)
  return made
}
