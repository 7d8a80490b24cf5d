import { CarabinerError, messageOf, type Scope } from 'carabiner'
import { CallbackReceiver } from 'carabiner/callbacks'
import type { CallbacksConfig } from './config.ts'

/** What the connector's routes work with: one for each instance that is set up. */
export interface Service {
  readonly scope: Scope<CallbacksConfig>
  /** Takes what comes over the three routes. */
  readonly receiver: CallbackReceiver
}

const services = new WeakMap<object, Service>()

/** Makes the service of an instance. */
export function openService(scope: Scope<CallbacksConfig>): Service {
  const { secret, allow_unsigned: allowUnsigned, signatures } = scope.config
  const receiver = new CallbackReceiver(scope.callbacks.book, {
    secret,
    allowUnsigned,
    signatures,
    actor: allowUnsigned ? 'callback:unsigned' : 'callback:signed',
    clock: scope.clock,
    onError: (error) =>
      scope.log.error({ error: messageOf(error) }, 'the answer to a callback was not stored'),
  })
  const service: Service = { scope, receiver }
  services.set(scope, service)
  return service
}

/** The service of the instance whose scope this is. */
export function serviceOf(scope: Scope<CallbacksConfig>): Service {
  const service = services.get(scope)
  if (service !== undefined) return service
  throw new CarabinerError('CONNECTOR_FAILED', `connector \`${scope.id}\` is not set up`)
}
