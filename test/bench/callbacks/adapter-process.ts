// A server of somebody else on the store: node:http with the three routes, and no host.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { nodeCallbacks } from '../../../src/callbacks/node-callbacks.ts'
import { openStore } from '../../../src/store/open-store.ts'
import type { Store } from '../../../src/store/store.ts'
import { answerCalls } from '../delivery/calls.ts'
import { withoutAnswers } from './no-store.ts'
import { callbackSecret } from './secret.ts'
import { wait } from './waiting.ts'

export interface AnsweredCalls {
  /** Starts it on a store; `writes: false`: on one that keeps no answer. Resolves to the URL it listens on. */
  start(store: string, writes: boolean): Promise<string>
  /** So many callbacks that wait. */
  wait(count: number): Promise<readonly string[]>
  /** Processor time so far, in milliseconds. */
  cpuMs(): number
}

let store: Store | undefined
let server: Server | undefined
let isKept = true

answerCalls<AnsweredCalls>(
  {
    async start(url, writes) {
      isKept = writes
      store = await openStore(url)
      const kept = writes ? store : withoutAnswers(store)
      server = createServer(nodeCallbacks(kept, { secret: callbackSecret }))
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const address = server.address()
      if (address === null || typeof address === 'string') throw new TypeError('no port')
      return `http://127.0.0.1:${address.port}`
    },
    async wait(count) {
      if (store === undefined) throw new TypeError('it is not started')
      return isKept ? wait(store, count) : Array.from({ length: count }, () => randomUUID())
    },
    cpuMs() {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1_000
    },
  },
  async () => {
    server?.closeAllConnections()
    server?.close()
    await store?.[Symbol.asyncDispose]()
  },
)
