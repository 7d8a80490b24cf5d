import { CarabinerError, messageOf } from '../errors.ts'
import type { Connector } from './connector.ts'
import { createScope, type ScopeParts } from './create-scope.ts'
import type { Scope } from './scope.ts'

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
}

/**
 * Sets connectors up in assembly order.
 *
 * @returns the started connectors; disposing them stops them in reverse
 * @throws {AggregateError} one CONNECTOR_FAILED for each connector that failed; those that had started are stopped again
 */
export async function startConnectors(
  instances: readonly ConnectorInstance[],
  partsOf: (id: string) => ScopeParts,
): Promise<readonly StartedConnector[]> {
  const started: StartedConnector[] = []
  const failures: CarabinerError[] = []
  for (const instance of instances) {
    try {
      started.push(await startConnector(instance, partsOf(instance.id)))
    } catch (error) {
      const message = `connector \`${instance.id}\` did not start: ${messageOf(error)}`
      failures.push(new CarabinerError('CONNECTOR_FAILED', message, { cause: error }))
    }
  }
  if (failures.length === 0) return started

  await stopConnectors(started).catch((error: unknown) => failures.push(asStopFailure(error)))
  throw new AggregateError(failures, failures.map((failure) => failure.message).join('; '))
}

/** Stops connectors in reverse order, all of them even when some fail. @throws {AggregateError} what failed */
export async function stopConnectors(started: readonly StartedConnector[]): Promise<void> {
  const failures: unknown[] = []
  for (const connector of started.toReversed()) {
    try {
      await connector[Symbol.asyncDispose]()
    } catch (error) {
      const message = `connector \`${connector.id}\` did not stop cleanly: ${messageOf(error)}`
      failures.push(new CarabinerError('CONNECTOR_FAILED', message, { cause: error }))
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, failures.map(messageOf).join('; '))
}

async function startConnector(
  instance: ConnectorInstance,
  parts: ScopeParts,
): Promise<StartedConnector> {
  const { scope, registrations } = createScope(instance.id, instance.config, parts)
  try {
    const result = await instance.connector.setup(scope)
    return {
      id: instance.id,
      connector: instance.connector,
      scope,
      async [Symbol.asyncDispose]() {
        registrations.dispose()
        await disposeOf(result)
      },
    }
  } catch (error) {
    registrations.dispose()
    throw error
  }
}

async function disposeOf(result: Disposable | AsyncDisposable | undefined | void): Promise<void> {
  if (result === undefined) return
  if (Symbol.asyncDispose in result) await result[Symbol.asyncDispose]()
  else result[Symbol.dispose]()
}

function asStopFailure(error: unknown): CarabinerError {
  return new CarabinerError('CONNECTOR_FAILED', messageOf(error), { cause: error })
}
