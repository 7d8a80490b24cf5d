import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { openStore } from '../../src/store/open-store.ts'
import { allDeliveries } from '../helpers/engine.ts'
import { testPostgres } from '../helpers/postgres.ts'
import { fastClock } from './fast-clock.ts'
import { HostChild } from './host-child.ts'
import { allSettled } from './look-at-store.ts'

export interface OneProbeOptions {
  /** Recovery times of 30 s that the endpoint stays down. */
  readonly intervals: number
  readonly messages: number
  /** As in `killHost`. */
  readonly speed: number
}

export type OneProbeReport = {
  readonly intervals: number
  readonly probes: number
  readonly 'least time between, s': number
  readonly delivered: number
}

const hostCount = 3
const recoveryMs = 30_000
/** What a request may take to arrive on a busy machine, on the computer's clock. */
const onTheWayMs = 500

/**
 * Three hosts on one PostgreSQL deliver to an endpoint that hangs up on everybody, then to one that is well again.
 *
 * Asserts that while its circuit is open one request goes to it in each recovery time, whichever host sends it, that nothing else
 * uses up a try, and that everything arrives, once, when it is back.
 */
export async function oneProbe(options: OneProbeOptions): Promise<OneProbeReport> {
  const { intervals, messages, speed } = options
  await using server = testPostgres()
  const url = await server.database()
  await using to = await moodyReceiver()
  const epoch = Date.now()
  const clock = fastClock(epoch, speed)
  await using store = await openStore(url, { clock })
  const quota = Math.ceil(messages / hostCount)
  const child = { store: url, url: to.url, epoch, speed, messages: quota }
  const hosts = Array.from({ length: hostCount }, () => new HostChild(child))
  try {
    await Promise.all(hosts.map((host) => host.commits(quota)))
    await until('circuit open', async () => {
      const [state] = await store.endpointStates()
      return state?.circuit === 'open'
    })
    // What was under way when it opened is over after a few seconds, long before the first probe.
    await clock.sleep(recoveryMs / 3)
    await until('nothing under way', async () => (await store.backlog()).sending === 0)
    const before = to.refusedAt.length
    await clock.sleep(recoveryMs * intervals)
    const probes = to.refusedAt.slice(before).map((at) => at * speed)
    const tries = (await allDeliveries(store)).reduce((sum, { attempts }) => sum + attempts, 0)
    assert.ok(tries <= to.refusedAt.length, `${tries} tries, ${to.refusedAt.length} requests`)
    to.recover()
    await allSettled(url, clock, speed)

    const gaps = probes.slice(1).map((at, index) => at - (probes[index] ?? 0))
    const least = Math.min(...gaps)
    assert.ok(probes.length <= intervals + 1, `${probes.length} probes in ${intervals} intervals`)
    assert.ok(probes.length >= intervals * 0.6, `only ${probes.length} probes`)
    assert.ok(least >= recoveryMs - onTheWayMs * speed, `two probes within ${Math.round(least)} ms`)
    assert.equal(to.taken.length, quota * hostCount)
    assert.equal(new Set(to.taken).size, to.taken.length)
    return {
      intervals,
      probes: probes.length,
      'least time between, s': Math.round(least / 100) / 10,
      delivered: to.taken.length,
    }
  } finally {
    await Promise.all(hosts.map((host) => host.kill()))
  }
}

interface MoodyReceiver extends AsyncDisposable {
  readonly url: string
  /** When it hung up, milliseconds of `performance.now()`. */
  readonly refusedAt: readonly number[]
  /** Ids of the messages it took. */
  readonly taken: readonly string[]
  recover(): void
}

/** Hangs up on every request until it recovers. */
async function moodyReceiver(): Promise<MoodyReceiver> {
  const refusedAt: number[] = []
  const taken: string[] = []
  let isWell = false
  const server = createServer((request, response) => {
    if (!isWell) {
      refusedAt.push(performance.now())
      request.socket.destroy()
      return
    }
    taken.push(String(request.headers['webhook-id']))
    request.resume().on('end', () => response.end())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return {
    url: `http://127.0.0.1:${address.port}`,
    refusedAt,
    taken,
    recover() {
      isWell = true
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + 60_000
  while (!(await holds())) {
    assert.ok(performance.now() < giveUpAt, `not within a minute: ${what}`)
    await sleep(10)
  }
}
