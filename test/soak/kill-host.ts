import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { receiver } from '../helpers/receiver.ts'
import { Arrivals } from './arrivals.ts'
import { fastClock } from './fast-clock.ts'
import { HostChild } from './host-child.ts'
import { allSettled, inHands } from './look-at-store.ts'

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
      const host = new HostChild({ store, url: to.url, epoch, speed, messages: quota })
      await host.commits(1 + Math.floor(Math.random() * quota))
      await sleep(Math.random() * 30)
      await host.kill()
      committed.push(...host.committed)
      inFlightAt.push(await inHands(store, clock))
    }
    const rest = Math.max(0, messages - committed.length)
    const host = new HostChild({ store, url: to.url, epoch, speed, messages: rest })
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
