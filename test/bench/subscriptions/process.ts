// A host with the subscriptions connector, as `carabiner run` starts it.
import type { Subscription } from '../../../plugins/subscriptions/subscription.ts'
import { toRecord } from '../../../plugins/subscriptions/subscription-record.ts'
import { expectShortLives } from '../../../src/cli/short-lived.ts'
import { newId } from '../../../src/ids.ts'
import { openStore } from '../../../src/store/open-store.ts'
import { type StartedProject, startProject } from '../../helpers/start-host.ts'
import { answerCalls } from '../delivery/calls.ts'
import { withoutWrites } from './without-writes.ts'

/** Of the one owner there is. */
export const apiKey = 'the-api-key-of-this-benchmark'
const owner = 'agent://bench/one'

export interface SubscriptionsCalls {
  /** Starts it on a store; `writes: false`: on one whose commits do nothing. Resolves to the URL it listens on. */
  start(store: string, writes: boolean): Promise<string>
  /** Subscribes each of these URLs to a type. */
  subscribe(urls: readonly string[], type: string): Promise<void>
  /** Stores so many subscriptions to other types. */
  fill(count: number): Promise<void>
  /** Sends nothing: what is measured is what a caller waits for. */
  pauseAll(): Promise<void>
  /** Resolves when everything is settled. */
  settled(): Promise<void>
  /** Processor time so far, in milliseconds. */
  cpuMs(): number
}

const perWrite = 1_000
/** The host makes the next ones while the database is busy with these. */
const writesAtOnce = 4

/** Nothing is limited, receivers may be on this machine, and requests carry one signature, as those of the loop beside. */
function assembly(store: string): string {
  return `
host: { store: '${store}', server: { port: 0 } }
connectors: { subscriptions: subscriptions }
subscriptions:
  api_keys: [{ key: ${apiKey}, owner: '${owner}' }]
  event_types: any
  rate_limit: false
  signatures: [axme]
  egress: { default: trusted, http: true, ports: any }
`
}

let project: StartedProject | undefined

function host(): StartedProject['host'] {
  if (project === undefined) throw new TypeError('the host is not started')
  return project.host
}

answerCalls<SubscriptionsCalls>(
  {
    async start(url, writes) {
      const store = writes ? {} : { store: withoutWrites(await openStore(url)) }
      project = await startProject(assembly(url), { listen: true, logLevel: 'info', ...store })
      await expectShortLives()
      return project.url
    },
    async subscribe(urls, type) {
      await write(urls.map((url) => aSubscription(url, type)))
    },
    async fill(count) {
      let begun = 0
      const writeOn = async (): Promise<void> => {
        while (begun < count) {
          const first = begun
          const length = Math.min(perWrite, count - first)
          begun += length
          await write(
            Array.from({ length }, (_, index) =>
              aSubscription(`https://example.com/${first + index}`, `other.${first + index}`),
            ),
          )
        }
      }
      await Promise.all(Array.from({ length: writesAtOnce }, writeOn))
    },
    async pauseAll() {
      const { store, engine } = host()
      const found = await store.findRecords({ collection, index: 'owner', limit: perWrite })
      for (const { id } of found) await engine.pause(`subscription/${id}`, Date.now() + 86_400_000)
    },
    async settled() {
      for (;;) {
        const { pending, sending } = await host().store.backlog()
        if (pending + sending === 0) return
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
    cpuMs() {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1_000
    },
  },
  async () => project?.[Symbol.asyncDispose](),
)

/** Where the connector keeps them. */
const collection = 'subscriptions/subscription'

async function write(subscriptions: readonly Subscription[]): Promise<void> {
  const puts = subscriptions.map((each) => ({ ...toRecord(each), collection }))
  await host().store.writeRecords(puts)
}

function aSubscription(callbackUrl: string, type: string): Subscription {
  const now = Date.now()
  return {
    id: newId(),
    version: 0,
    owner,
    callbackUrl,
    eventTypes: [type],
    active: true,
    description: null,
    secrets: [{ secret: 'a-secret-of-the-benchmark', until: null }],
    createdAt: now,
    updatedAt: now,
    revokedAt: null,
  }
}
