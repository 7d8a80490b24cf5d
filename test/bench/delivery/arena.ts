import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ContenderName, contenders, type StoreKind } from './contender.ts'
import type { ContenderCalls } from './contender-process.ts'
import { pinned } from './cores.ts'
import type { Arrivals, ReceiverCalls } from './receiver.ts'
import { type Remote, startRemote } from './remote.ts'
import type { ServicesCalls } from './services.ts'

export type ContenderProcess = Remote<ContenderCalls>

/** A store that nobody has used, gone when it is disposed. */
export interface FreshStore extends AsyncDisposable {
  readonly url: string
  /** Brings it to rest after it was filled. */
  rest(): Promise<void>
}

/** Where contenders meet: one receiver and the databases, each in a process of its own, beside the system under test. */
export class Arena implements AsyncDisposable {
  readonly receiver: Remote<ReceiverCalls>
  readonly receiverUrl: string
  readonly #services: Remote<ServicesCalls>
  readonly #ends = new AsyncDisposableStack()
  readonly #missing = new Set<string>()

  private constructor(
    receiver: Remote<ReceiverCalls>,
    receiverUrl: string,
    services: Remote<ServicesCalls>,
  ) {
    this.receiver = receiver
    this.receiverUrl = receiverUrl
    this.#services = services
    this.#ends.use(services)
    this.#ends.use(receiver)
  }

  static async open(): Promise<Arena> {
    const receiver = await startRemote<ReceiverCalls>('receiver.ts', 'others')
    const services = await startRemote<ServicesCalls>('services.ts', 'others')
    return new Arena(receiver, await receiver.call('url'), services)
  }

  /** Starts a contender's process; `undefined` where what it needs is not installed. It ends with the arena. */
  async enter(name: ContenderName): Promise<ContenderProcess | undefined> {
    const missing = await this.#missingFor(name)
    if (missing !== undefined) {
      const remark = `${contenders[name].title} was not measured: ${missing}.`
      this.#missing.add(remark)
      console.log(remark)
      return undefined
    }
    const args = [name, this.receiverUrl]
    return this.#ends.use(await startRemote<ContenderCalls>('contender-process.ts', 'system', args))
  }

  /** Which contenders were not measured, and why; and how the cores were given out, where they were not. */
  remarks(): string {
    const unpinned = pinned ? [] : ['Processes could not be bound to cores here: ratios are rough.']
    return [...this.#missing, ...unpinned].join(' ')
  }

  /** An empty store of the kind that a contender keeps its messages in. */
  freshStore(kind: StoreKind): Promise<FreshStore> {
    switch (kind) {
      case 'none':
      case 'memory':
        return Promise.resolve(lasting('memory:'))
      case 'sqlite':
        return sqliteFile()
      case 'postgres':
        return this.#database()
      case 'redis':
        return this.#redis()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ends.disposeAsync()
  }

  async #missingFor(name: ContenderName): Promise<string | undefined> {
    if (contenders[name].store !== 'redis') return undefined
    const { missing } = await this.#services.call('redis')
    return missing
  }

  async #database(): Promise<FreshStore> {
    const url = await this.#services.call('database')
    return {
      url,
      rest: () => this.#services.call('rest', url),
      [Symbol.asyncDispose]: () => this.#services.call('dropDatabase', url),
    }
  }

  async #redis(): Promise<FreshStore> {
    const { url, missing } = await this.#services.call('redis')
    if (url === undefined) throw new Error(missing)
    return lasting(url)
  }
}

function lasting(url: string): FreshStore {
  return { url, async rest() {}, async [Symbol.asyncDispose]() {} }
}

async function sqliteFile(): Promise<FreshStore> {
  const folder = await mkdtemp(join(tmpdir(), 'carabiner-bench-'))
  return {
    url: `sqlite:${join(folder, 'store.db')}`,
    async rest() {},
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

/** What one run of one contender came to. */
export interface Run {
  /** Deliveries a second, from the first arrival to the last. */
  readonly perSecond: number
  /** Microseconds of processor time of the system under test for each delivery. */
  readonly cpuUs: number
  readonly peakRssBytes: number
  readonly arrivals: Arrivals
}

/** How long a run may take: one that stalls is an error, not a number. */
const patienceMs = 180_000

/** Stores `count` messages, then has them sent. */
export async function drain(
  arena: Arena,
  contender: ContenderProcess,
  store: FreshStore,
  count: number,
): Promise<Run> {
  await contender.call('prepare', store.url, count)
  await store.rest()
  return measure(arena, contender, count, () => contender.call('start'))
}

/** Has `work` done by a contender, until `count` messages have arrived and are settled. */
export async function measure(
  arena: Arena,
  contender: ContenderProcess,
  count: number,
  work: () => Promise<void>,
): Promise<Run> {
  await arena.receiver.call('expect', count)
  const arrived = arena.receiver.call('arrivals', patienceMs)
  const [arrivals] = await Promise.all([arrived, work()])
  const { cpuMs, peakRssBytes } = await contender.call('stop')
  const seen = await arena.receiver.call('seen')
  if (seen !== count) throw new Error(`${seen} arrived, ${count} were sent`)
  return {
    perSecond: ((count - 1) * 1_000) / arrivals.spanMs,
    cpuUs: (cpuMs * 1_000) / count,
    peakRssBytes,
    arrivals,
  }
}
