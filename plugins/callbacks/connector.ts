import { type Connector, defineConnector } from 'carabiner'
import type { TUnsafe } from 'typebox'
import { callbacksResolved } from './callbacks-resolved.ts'
import { commands } from './commands/commands.ts'
import { CallbacksConfig } from './config.ts'
import { callbackDesk } from './desk.ts'
import { example } from './example.ts'
import { inspect } from './inspect.ts'
import { answerRoutes } from './routes/answers.ts'
import { managementRoutes } from './routes/management.ts'
import { openService } from './service.ts'
import { Sweep } from './sweep.ts'

/** Takes the answers to callbacks, and lets those fail that nobody answers. */
export const callbacks: Connector<TUnsafe<CallbacksConfig>> = defineConnector({
  name: 'callbacks',
  description: 'Takes the answers to callbacks: work and decisions that are answered later',
  config: CallbacksConfig,
  example,
  inspect,
  servesCallbacks: true,
  events: [callbacksResolved],
  commands,
  routes: ({ config }) => [...answerRoutes(config), ...managementRoutes],

  setup(scope) {
    const { config, log, publicUrl } = scope
    if (config.allow_unsigned) {
      log.warn({}, 'callbacks are answered unsigned: whoever reaches the routes can resolve them')
    }
    if (publicUrl === null) {
      log.warn({}, 'URLs of callbacks are paths without a host: host.server.public_url is not set')
    }
    openService(scope)
    scope.callbacks.serve(callbackDesk(scope))
    return new Sweep(scope)
  },
})
