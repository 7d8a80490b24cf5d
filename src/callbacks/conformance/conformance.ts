import { accessCases } from './access-cases.ts'
import { answerCases } from './answer-cases.ts'
import { bodyCases } from './body-cases.ts'
import { configCases } from './config-cases.ts'
import { heartbeatCases } from './heartbeat-cases.ts'
import { pathCases } from './path-cases.ts'
import { Stage } from './stage.ts'
import type { CallbackSubject } from './subject.ts'

/** Something that must hold for every server with the routes. */
export interface CallbackCase {
  /** Different from all others. */
  readonly name: string
  /** Whether its server works on a store of the case that fails, which only a server in this process can. */
  readonly failingStore: boolean
  /** Rejects with what is not as it must be. */
  run(): Promise<void>
}

/** All cases, and the servers that they have started. */
export interface CallbackConformance extends AsyncDisposable {
  readonly cases: readonly CallbackCase[]
}

/**
 * The wire contract of callbacks as cases over HTTP, for an adapter of your own, in any test framework.
 *
 * Cases may run in any order, and at the same time; disposing ends the servers.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import type { AddressInfo } from 'node:net'
 * import { after, describe, it } from 'node:test'
 * import { openStore } from 'carabiner'
 * import { nodeCallbacks } from 'carabiner/callbacks'
 * import { callbackConformance } from 'carabiner/testing'
 *
 * const conformance = callbackConformance({
 *   store: await openStore('sqlite:/tmp/callbacks.db'),
 *   async start(store, config) {
 *     const server = createServer(nodeCallbacks(store, config))
 *     await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
 *     const { port } = server.address() as AddressInfo
 *     return {
 *       url: `http://127.0.0.1:${port}`,
 *       async [Symbol.asyncDispose]() {
 *         server.close()
 *       },
 *     }
 *   },
 * })
 * describe('my adapter', () => {
 *   after(() => conformance[Symbol.asyncDispose]())
 *   for (const { name, run } of conformance.cases) it(name, run)
 * })
 * ```
 */
export function callbackConformance(subject: CallbackSubject): CallbackConformance {
  const stage = new Stage(subject)
  const scenarios = [
    ...accessCases,
    ...pathCases,
    ...bodyCases,
    ...heartbeatCases,
    ...answerCases,
    ...configCases,
  ]
  return {
    cases: scenarios.map((scenario) => ({
      name: scenario.name,
      failingStore: scenario.store !== undefined,
      run: () => stage.play(scenario),
    })),
    [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose](),
  }
}
