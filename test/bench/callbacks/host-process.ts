// A host with the callbacks connector, and one whose dispatches wait for callbacks, as `carabiner run` starts it.
import { randomUUID } from 'node:crypto'
import { subscribe } from 'node:diagnostics_channel'
import { setTimeout as sleep } from 'node:timers/promises'
import { CallbackBook } from '../../../src/callbacks/callback-book.ts'
import { expectShortLives } from '../../../src/cli/short-lived.ts'
import { openStore } from '../../../src/store/open-store.ts'
import { type StartedProject, startProject } from '../../helpers/start-host.ts'
import { nowMs } from '../delivery/body.ts'
import { answerCalls } from '../delivery/calls.ts'
import type { AnsweredCalls } from './adapter-process.ts'
import { withoutAnswers } from './no-store.ts'
import { callbackSecret } from './secret.ts'
import { wait } from './waiting.ts'

export interface HostCalls extends AnsweredCalls {
  /** Dispatches so many events that wait for an answer, 64 at once. Resolves to their callbacks, and how many it parked a second. */
  park(count: number): Promise<{ readonly ids: readonly string[]; readonly perSecond: number }>
  /** Resolves when so many dispatches are done since it was asked the last time: to when that was. */
  doneAt(count: number): Promise<number>
  /** When the on handlers of these began, by their callbacks. */
  beganAt(ids: readonly string[]): readonly (number | undefined)[]
  /** Stores callbacks whose deadlines come within so long. Resolves, when all have failed, to how long after its deadline each did. */
  expire(count: number, withinMs: number): Promise<readonly number[]>
  /** The most memory it has had, in bytes. */
  peakRssBytes(): number
}

const sweepMs = 1_000

const files = {
  'orders.ts': `import { channel } from 'node:diagnostics_channel'
import { defineConnector, defineEvent } from 'carabiner'
import { Type } from 'typebox'

export const ship = defineEvent('ship', { params: Type.Object({ order: Type.String() }) })
const began = channel('bench:began')
const done = channel('bench:done')

export default defineConnector({
  name: 'orders',
  events: [ship],
  setup({ callbacks, before, on, after }) {
    before(ship, ({ params }) => callbacks.open({ timeout: '1h', meta: params }))
    on(ship, ({ dispatchId }) => began.publish(dispatchId))
    after(ship, ({ dispatchId }) => done.publish(dispatchId))
  },
})
`,
}

function assembly(store: string): string {
  return `
host: { store: '${store}', server: { port: 0 } }
connectors: { orders: ./orders.ts, callbacks: callbacks }
callbacks: { secret: '${callbackSecret}', sweep: ${sweepMs}ms }
`
}

let project: StartedProject | undefined
let isKept = true
/** By callback, the dispatch that waits for it. */
const dispatches = new Map<string, string>()
const begun = new Map<string, number>()
let done = 0
subscribe('bench:began', (id) => begun.set(String(id), nowMs()))
subscribe('bench:done', () => {
  done += 1
})

answerCalls<HostCalls>(
  {
    async start(url, writes) {
      isKept = writes
      const store = writes ? {} : { store: withoutAnswers(await openStore(url)) }
      project = await startProject(assembly(url), {
        files,
        listen: true,
        logLevel: 'info',
        ...store,
      })
      await expectShortLives()
      return project.url
    },
    async wait(count) {
      if (!isKept) return Array.from({ length: count }, () => randomUUID())
      return wait(started().host.store, count)
    },
    async park(count) {
      const ids: string[] = []
      let begunCount = 0
      const start = nowMs()
      const parkOn = async (): Promise<void> => {
        while (begunCount < count) {
          begunCount += 1
          ids.push(await parkOne(`order-${begunCount}`))
        }
      }
      await Promise.all(Array.from({ length: 64 }, parkOn))
      return { ids, perSecond: (count * 1_000) / (nowMs() - start) }
    },
    async doneAt(count) {
      while (done < count) await sleep(1)
      done -= count
      return nowMs()
    },
    beganAt: (ids) => ids.map((id) => begun.get(dispatches.get(id) ?? '')),
    async expire(count, withinMs) {
      const { store } = started().host
      const book = new CallbackBook(store)
      const drafts = Array.from({ length: count }, (_, index) =>
        book.draft({ waiter: 'bench', timeoutMs: (withinMs * (index + 1)) / count }),
      )
      await store.writeRecords(drafts.map(({ write }) => write))
      await sleep(withinMs + 2 * sweepMs)
      const ended = await book.find(drafts.map(({ callback }) => callback.id))
      return ended.map((callback) => {
        if (callback?.resolvedBy !== 'expiry') throw new TypeError('one has not expired')
        return Number(callback.resolvedAt) - callback.deadline
      })
    },
    cpuMs() {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1_000
    },
    peakRssBytes: () => process.resourceUsage().maxRSS * 1_024,
  },
  async () => project?.[Symbol.asyncDispose](),
)

function started(): StartedProject {
  if (project === undefined) throw new TypeError('the host is not started')
  return project
}

async function parkOne(order: string): Promise<string> {
  const outcome = await started().host.dispatch('ship', { order }, { park: 'return' })
  const [waiting] = outcome.kind === 'parked' ? outcome.waitingFor : []
  if (waiting === undefined) throw new TypeError(`it is ${outcome.kind}`)
  dispatches.set(waiting.callbackId, outcome.dispatchId)
  return waiting.callbackId
}
