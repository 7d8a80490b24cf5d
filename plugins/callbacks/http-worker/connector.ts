import { type Connector, defineConnector } from 'carabiner'
import type { TUnsafe } from 'typebox'
import { HttpWorkerConfig, type WorkerConfig } from './config.ts'
import { example } from './example.ts'
import { handOut } from './handing-out.ts'
import { inspect } from './inspect.ts'
import { resolveWorkers } from './worker.ts'

/** Has services do events over HTTP: at once, or in their own time. */
export const httpWorker: Connector<TUnsafe<readonly WorkerConfig[]>> = defineConnector({
  name: 'http-worker',
  description: 'Has services do events over HTTP: at once, or in their own time',
  config: HttpWorkerConfig,
  example,
  inspect,

  setup(scope) {
    handOut(scope, resolveWorkers(scope.id, scope.config))
  },
})
