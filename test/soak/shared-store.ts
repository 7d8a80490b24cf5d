import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { ownPostgres, type TestPostgres, testPostgres } from '../helpers/postgres.ts'
import { receiver } from '../helpers/receiver.ts'
import { Arrivals } from './arrivals.ts'
import { fastClock } from './fast-clock.ts'
import { HostChild } from './host-child.ts'
import { allSettled, inHands } from './look-at-store.ts'

export interface SharedStoreOptions {
  /** What happens while three hosts commit and deliver. */
  readonly trouble: 'host-killed' | 'server-restarted' | 'connections-cut'
  /** How often. */
  readonly times: number
  readonly messages: number
  /** As in `killHost`. @defaultValue 1 */
  readonly speed?: number
}

export type SharedStoreReport = {
  readonly times: number
  readonly committed: number
  readonly duplicates: number
  readonly inFlight: number
}

const hostCount = 3

/**
 * Three hosts on one PostgreSQL commit and deliver, and something goes wrong again and again.
 *
 * Asserts that every committed message has arrived, and that what arrived twice had been in flight at a kill: nothing arrives
 * twice without one.
 */
export async function sharedStore(options: SharedStoreOptions): Promise<SharedStoreReport> {
  const { trouble, times, messages, speed = 1 } = options
  await using server = trouble === 'server-restarted' ? ownPostgres() : testPostgres()
  const store = await server.database()
  const arrivals = new Arrivals()
  await using to = await receiver({ answers: [(request) => arrivals.answer(request)] })
  const epoch = Date.now()
  const start = (quota: number): HostChild =>
    new HostChild({ store, url: to.url, epoch, speed, messages: quota })

  const hosts = Array.from({ length: hostCount }, () => start(Math.ceil(messages / hostCount)))
  const ended: HostChild[] = []
  const inFlightAt: ReadonlySet<string>[] = []
  const clock = fastClock(epoch, speed)
  const committed = (): number =>
    [...hosts, ...ended].reduce((sum, host) => sum + host.committed.length, 0)
  try {
    for (let time = 1; time <= times; time += 1) {
      await reached(committed, (messages * time) / (times + 1))
      await sleep(Math.random() * 30)
      if (trouble === 'host-killed') {
        const [host] = hosts.splice(Math.floor(Math.random() * hostCount), 1)
        assert.ok(host)
        await host.kill()
        ended.push(host)
        inFlightAt.push(await inHands(store, clock))
        // Its successor commits what it has not.
        hosts.push(start(host.messages - host.committed.length))
      } else await strike(server, store, trouble)
    }
    await reached(committed, messages)
    await allSettled(store, clock, speed)
  } finally {
    await Promise.all(hosts.map((host) => host.kill()))
  }

  arrivals.check(
    [...hosts, ...ended].flatMap((host) => host.committed),
    inFlightAt,
  )
  return {
    times,
    committed: committed(),
    duplicates: arrivals.duplicates,
    inFlight: inFlightAt.reduce((sum, ids) => sum + ids.size, 0),
  }
}

async function strike(
  server: TestPostgres,
  store: string,
  trouble: 'server-restarted' | 'connections-cut',
): Promise<void> {
  if (trouble === 'server-restarted') return server.restart('immediate')
  const cut = await server.cutConnections(store)
  assert.ok(cut >= hostCount, `only ${cut} connections to cut: this proves nothing`)
}

/** Resolves when so many are committed; the hosts that live go on by themselves. */
async function reached(committed: () => number, wanted: number): Promise<void> {
  const giveUpAt = performance.now() + 120_000
  while (committed() < wanted) {
    assert.ok(
      performance.now() < giveUpAt,
      `${committed()} of ${wanted} committed after two minutes`,
    )
    await sleep(5)
  }
}
