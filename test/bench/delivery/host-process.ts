// A whole host, as `carabiner run` starts it: HTTP in front, the webhooks connector behind, a store below.
import { expectShortLives } from '../../../src/cli/short-lived.ts'
import { type StartedProject, startProject } from '../../helpers/start-host.ts'
import { answerCalls } from './calls.ts'

export interface HostCalls {
  /** Starts it on a store, its management API behind a key. Resolves to the URL it listens on. */
  start(store: string, key: string): Promise<string>
  /** Processor time so far, in milliseconds. */
  cpuMs(): number
}

const files = {
  'orders.ts': `import { defineConnector, defineEvent } from 'carabiner'
import { Type } from 'typebox'

const params = Type.Object({ at: Type.String(), fill: Type.String() })

export const placed = defineEvent('placed', { params })
export const noted = defineEvent('noted', { params })

export default defineConnector({ name: 'orders', events: [placed, noted] , setup() {} })
`,
}

/** `placed` owes one delivery, `noted` none. */
function assembly(store: string, key: string): string {
  return `
host:
  store: '${store}'
  server: { port: 0, management_key: ${key} }
connectors: { orders: ./orders.ts, webhooks: webhooks }
webhooks:
  - name: told
    events: after:placed
    url: http://127.0.0.1:9/hook
    secret: a-secret-of-the-benchmark
`
}

let project: StartedProject | undefined

answerCalls<HostCalls>(
  {
    async start(store, key) {
      project = await startProject(assembly(store, key), { files, listen: true, logLevel: 'info' })
      await expectShortLives()
      // Nothing is sent: what is measured is what a publisher waits for.
      await project.host.engine.pause('webhooks/told', Date.now() + 86_400_000)
      return project.url
    },
    cpuMs() {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1_000
    },
  },
  async () => project?.[Symbol.asyncDispose](),
)
