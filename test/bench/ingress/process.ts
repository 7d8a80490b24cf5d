// A host with the ingress connector, as `carabiner run` starts it.

import { expectShortLives } from '../../../src/cli/short-lived.ts'
import { openStore } from '../../../src/store/open-store.ts'
import { type StartedProject, startProject } from '../../helpers/start-host.ts'
import { answerCalls } from '../delivery/calls.ts'
import { startProfile } from '../delivery/profile.ts'
import { withoutWrites } from '../subscriptions/without-writes.ts'
import { acmeSecret } from './acme.ts'

export interface IngressCalls {
  /** Starts it on a store; `writes: false`: on one whose commits do nothing. Resolves to the URL it listens on. Nothing is delivered. */
  start(store: string, writes: boolean): Promise<string>
  /** Keeps a profile from now on, where one is asked for. */
  watch(name: string): Promise<void>
  unwatch(): Promise<void>
  /** Processor time so far, in milliseconds. */
  cpuMs(): number
}

function assembly(store: string): string {
  return `
host: { store: '${store}', server: { port: 0 } }
connectors: { ingress: ingress }
ingress:
  integrations:
    - { provider: acme, secret: ${acmeSecret}, callback_url: 'http://127.0.0.1:9/' }
`
}

const dayMs = 86_400_000
let project: StartedProject | undefined
let profile: AsyncDisposable | undefined

answerCalls<IngressCalls>(
  {
    async start(url, writes) {
      const store = writes ? {} : { store: withoutWrites(await openStore(url)) }
      project = await startProject(assembly(url), { listen: true, logLevel: 'info', ...store })
      await expectShortLives()
      await project.host.engine.pause('integration/acme', Date.now() + dayMs)
      return project.url
    },
    async watch(name) {
      profile = await startProfile(name)
    },
    async unwatch() {
      await profile?.[Symbol.asyncDispose]()
      profile = undefined
    },
    cpuMs() {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1_000
    },
  },
  async () => project?.[Symbol.asyncDispose](),
)
