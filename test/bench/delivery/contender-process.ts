// The system under test: one contender, told what to do by the harness.
import { makeBody } from './body.ts'
import { answerCalls } from './calls.ts'
import { type Contender, type ContenderName, isContenderName } from './contender.ts'
import { startProfile } from './profile.ts'
import { pace, storeFromMany } from './workload.ts'

/** What a run has cost the system under test. */
export interface Usage {
  readonly cpuMs: number
  /** The most that was resident since the process began. */
  readonly peakRssBytes: number
}

export interface ContenderCalls {
  prepare(url: string, count: number): Promise<void>
  start(): Promise<void>
  /** Stores `count` messages, `batch` a call, from as many callers as wait for each other's commits. */
  store(count: number, batch: number): Promise<void>
  /** Stores `count` messages one by one, so many a second. */
  publish(count: number, perSecond: number): Promise<void>
  /** Ends the run. */
  stop(): Promise<Usage>
}

const [, , name, receiverUrl = ''] = process.argv
if (!isContenderName(name)) throw new TypeError(`there is no contender \`${name}\``)
const contender = await create(name)
let cpu = process.cpuUsage()
let profile: AsyncDisposable | undefined

answerCalls<ContenderCalls>({
  prepare: (url, count) => contender.prepare(url, count),
  async start() {
    profile = await startProfile(name)
    cpu = process.cpuUsage()
    return contender.start()
  },
  store: (count, batch) => storeFromMany(count, batch, (bodies) => contender.store(bodies)),
  publish: (count, perSecond) => pace(count, perSecond, () => contender.store([makeBody()])),
  async stop() {
    await contender.stop()
    const { user, system } = process.cpuUsage(cpu)
    await profile?.[Symbol.asyncDispose]()
    const peakRssBytes = process.resourceUsage().maxRSS * 1_024
    return { cpuMs: (user + system) / 1_000, peakRssBytes }
  },
})

/** Only what is measured is loaded: memory counts. */
async function create(contenderName: ContenderName): Promise<Contender> {
  switch (contenderName) {
    case 'bare':
      return new (await import('./contenders/bare-loop.ts')).BareLoop(receiverUrl)
    case 'memory':
    case 'sqlite':
    case 'postgres':
      return new (await import('./contenders/carabiner.ts')).CarabinerContender(receiverUrl)
    case 'graphile':
      return new (await import('./contenders/graphile-worker.ts')).GraphileWorker(receiverUrl)
    case 'boss':
      return new (await import('./contenders/pg-boss.ts')).PgBossContender(receiverUrl)
    case 'bull':
      return new (await import('./contenders/bullmq.ts')).BullMq(receiverUrl)
  }
}
