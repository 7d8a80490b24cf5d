import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../../src/clock.ts'
import { openStore } from '../../src/store/open-store.ts'
import { type ReceivedRequest, receiver } from '../helpers/receiver.ts'
import { fastClock } from './fast-clock.ts'

export interface KillHostOptions {
  readonly kills: number
  readonly messages: number
  /** How much faster than the computer's the hosts' clock goes: a dead host is noticed after 10 s of theirs. @defaultValue 1 */
  readonly speed?: number
}

export type KillHostReport = {
  readonly kills: number
  readonly committed: number
  /** Messages that arrived more than once. */
  readonly duplicates: number
  /** Deliveries that were in a host's hands when it was killed, over all kills. */
  readonly inFlight: number
}

/**
 * Kills a host with SIGKILL at random moments while it commits and delivers, and starts another on its store, until all is delivered.
 *
 * Asserts that every committed message has arrived, that its body is what its id says, and that what arrived twice had been in flight at a kill.
 */
export async function killHost(options: KillHostOptions): Promise<KillHostReport> {
  const { kills, messages, speed = 1 } = options
  const folder = await mkdtemp(join(tmpdir(), 'carabiner-kill-'))
  const store = `sqlite:${join(folder, 'store.db')}`
  const epoch = Date.now()
  const clock = fastClock(epoch, speed)
  const arrivals = new Arrivals()
  await using to = await receiver({ answers: [(request) => arrivals.answer(request)] })

  const committed: string[] = []
  const inFlightAt: ReadonlySet<string>[] = []
  const quota = Math.ceil(messages / (kills + 1))
  try {
    for (let life = 0; life < kills; life += 1) {
      const host = new HostProcess({ store, url: to.url, epoch, speed, messages: quota })
      await host.commits(1 + Math.floor(Math.random() * quota))
      await sleep(Math.random() * 30)
      await host.kill()
      committed.push(...host.committed)
      inFlightAt.push(await inHands(store, clock))
    }
    const rest = Math.max(0, messages - committed.length)
    const host = new HostProcess({ store, url: to.url, epoch, speed, messages: rest })
    await host.commits(rest)
    await allSettled(store, clock, speed)
    await host.kill()
    committed.push(...host.committed)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }

  arrivals.check(committed, inFlightAt)
  return {
    kills,
    committed: committed.length,
    duplicates: arrivals.duplicates,
    inFlight: inFlightAt.reduce((sum, ids) => sum + ids.size, 0),
  }
}

/** What the receiver took, by id. */
class Arrivals {
  readonly #taken = new Map<string, number>()
  #asked = 0

  get duplicates(): number {
    return [...this.#taken.values()].filter((times) => times > 1).length
  }

  /** Takes most, some only after a while; refuses every twentieth request. */
  async answer(request: ReceivedRequest): Promise<number> {
    const id = request.headers['webhook-id'] ?? ''
    assert.equal(request.text, `"${id}"`)
    this.#asked += 1
    if (this.#asked % 20 === 0) return 503
    this.#taken.set(id, (this.#taken.get(id) ?? 0) + 1)
    await sleep(Math.random() * 10)
    return 200
  }

  check(committed: readonly string[], inFlightAt: readonly ReadonlySet<string>[]): void {
    for (const id of committed)
      assert.ok(this.#taken.has(id), `${id} was committed and never arrived`)
    for (const [id, times] of this.#taken) {
      const kills = inFlightAt.filter((ids) => ids.has(id)).length
      assert.ok(times <= 1 + kills, `${id} arrived ${times} times, in flight at ${kills} kills`)
    }
  }
}

interface HostProcessOptions {
  readonly store: string
  readonly url: string
  readonly epoch: number
  readonly speed: number
  readonly messages: number
}

class HostProcess {
  /** Ids of the messages whose commit it has told. */
  readonly committed: string[] = []
  readonly #process: ChildProcess
  readonly #ended: Promise<unknown>
  #told: () => void = () => {}

  constructor(options: HostProcessOptions) {
    const child = join(import.meta.dirname, 'kill-host-child.ts')
    const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`)
    this.#process = spawn(process.execPath, ['--conditions=source', child, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const { stdout } = this.#process
    assert.ok(stdout)
    const lines = createInterface({ input: stdout })
    lines.on('line', (id) => {
      this.committed.push(id)
      this.#told()
    })
    // Only when the pipe is read to its end is everything known that was told.
    this.#ended = Promise.all([once(this.#process, 'exit'), once(lines, 'close')])
  }

  /** Resolves when it has told of so many commits. */
  async commits(count: number): Promise<void> {
    const told = new Promise<void>((resolve) => {
      this.#told = () => {
        if (this.committed.length >= count) resolve()
      }
      this.#told()
    })
    const ended = this.#ended.then(() => assert.fail('the host ended by itself'))
    await Promise.race([told, ended])
    ended.catch(() => undefined) // it will end: we are going to kill it
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#ended
  }
}

/** Ids of the messages that the killed hosts still hold. */
async function inHands(url: string, clock: Clock): Promise<ReadonlySet<string>> {
  await using store = await openStore(url, { clock })
  const ids = new Set<string>()
  let cursor: string | null = null
  do {
    const page = await store.deliveries({
      state: 'sending',
      ...(cursor === null ? {} : { cursor }),
    })
    for (const { messageId } of page.rows) ids.add(messageId)
    cursor = page.nextCursor
  } while (cursor !== null)
  return ids
}

async function allSettled(url: string, clock: Clock, speed: number): Promise<void> {
  await using store = await openStore(url, { clock })
  const giveUpAt = performance.now() + 120_000 / speed + 30_000
  for (;;) {
    const { pending, sending, dead } = await store.backlog()
    assert.equal(dead, 0)
    if (pending + sending === 0) return
    assert.ok(
      performance.now() < giveUpAt,
      `${pending} pending, ${sending} sending after all that time`,
    )
    await sleep(50)
  }
}
