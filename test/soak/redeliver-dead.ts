import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { openStore } from '../../src/store/open-store.ts'
import type { DeliveryRow, Store } from '../../src/store/store.ts'
import { storeDead } from '../helpers/dead-deliveries.ts'
import { type HostProcess, runHost } from '../helpers/host-process.ts'
import { type ReceivedRequest, receiver } from '../helpers/receiver.ts'
import { request } from '../helpers/served-host.ts'
import { adjusterSource, projectFolder } from '../helpers/start-host.ts'

export interface RedeliverDeadOptions {
  readonly dead: number
  /** Milliseconds of live traffic alone, before the redelivery: what its latency is compared with. */
  readonly baselineMs: number
}

const livePerSecond = 50
/** How much of it is done when the host is killed. */
const killedAt = 0.4

/**
 * Redelivers many dead deliveries on a host of its own process that is killed in the middle, while live events go through it.
 *
 * Asserts that the next host goes on and ends it, that each dead delivery is repeated once, that each arrives, and that what arrives twice had
 * been in flight at the kill. The latency of live events, from the dispatch to the arrival, is reported, not judged.
 */
export async function redeliverDead({
  dead,
  baselineMs,
}: RedeliverDeadOptions): Promise<Record<string, number>> {
  const arrivals = new Arrivals()
  await using to = await receiver({ answers: [(given) => arrivals.answer(given)] })
  using folder = projectFolder({
    'carabiner.yaml': assembly(to.url),
    'adjuster.ts': adjusterSource,
  })
  const openIt = (): Promise<Store> => openStore(`sqlite:${folder.file('store.db')}`)
  const messages = await withStore(openIt, (store) => storeDead(store, dead, { endpoint }))

  const first = await runHost(folder)
  const quiet = await liveTraffic(first, arrivals, sleep(baselineMs))
  const startedAt = performance.now()
  const id = await redeliverAll(first, dead)
  const early = await liveTraffic(first, arrivals, processed(first, id, dead * killedAt))
  const before = await progress(first, id)
  first.child.kill('SIGKILL')
  await first.exit()
  const inFlight = await withStore(openIt, inHands)

  await using second = await runHost(folder)
  const late = await liveTraffic(second, arrivals, processed(second, id, dead))
  const end = await over(second, id)
  const seconds = (performance.now() - startedAt) / 1_000
  await withStore(openIt, settled)

  assert.ok(before.processed < dead, 'it was done before the host was killed')
  assert.deepEqual(
    [end.matched, end.processed, end.redelivered, end.skipped],
    [dead, dead, dead, 0],
  )
  await withStore(openIt, (store) => eachRepeatedOnce(store, dead))
  const twice = arrivals.check(messages, inFlight)
  return {
    dead,
    'redelivered when it was killed': before.processed,
    'in flight then': inFlight.size,
    'arrived twice': twice,
    'a second': Math.round(dead / seconds),
    'live p99 before, ms': p99(quiet),
    'live p99 meanwhile, ms': p99([...early, ...late]),
  }
}

const endpoint = 'webhooks/told'

function assembly(url: string): string {
  return `host: { store: 'sqlite:./store.db', server: { port: 0, allow_unauthenticated: true } }
connectors: { adjuster: ./adjuster.ts, webhooks: webhooks }
webhooks:
  - name: told
    events: after:adjust
    url: ${url}
    secret: a-secret-of-this-test
    concurrency: 16
`
}

async function withStore<T>(
  open: () => Promise<Store>,
  use: (store: Store) => Promise<T>,
): Promise<T> {
  await using store = await open()
  return await use(store)
}

interface Progress {
  readonly state: string
  readonly matched: number
  readonly processed: number
  readonly redelivered: number
  readonly skipped: number
}

async function redeliverAll(host: HostProcess, dead: number): Promise<string> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }
  const { status, text } = await request(`${host.url}/api/v1/redeliveries`, init)
  assert.equal(status, 202, text)
  const { redeliveryId, matched } = JSON.parse(text).data
  assert.equal(matched, dead)
  return redeliveryId
}

async function progress(host: HostProcess, id: string): Promise<Progress> {
  const { status, text } = await host.get(`/api/v1/redeliveries/${id}`)
  assert.equal(status, 200, text)
  return JSON.parse(text).data
}

/** Resolves when so many have been processed. */
async function processed(host: HostProcess, id: string, count: number): Promise<void> {
  while ((await progress(host, id)).processed < count) await sleep(20)
}

async function over(host: HostProcess, id: string): Promise<Progress> {
  for (;;) {
    const reached = await progress(host, id)
    if (reached.state !== 'running') return reached
    await sleep(50)
  }
}

/** Dispatches at an even pace until then. Resolves to the milliseconds from each dispatch to its arrival. */
async function liveTraffic(
  host: HostProcess,
  arrivals: Arrivals,
  until: Promise<unknown>,
): Promise<readonly number[]> {
  let isOver = false
  const ended = until.finally(() => {
    isOver = true
  })
  const latencies: Promise<number>[] = []
  while (!isOver) {
    latencies.push(dispatchOne(host, arrivals))
    await sleep(1_000 / livePerSecond)
  }
  await ended
  return Promise.all(latencies)
}

async function dispatchOne(host: HostProcess, arrivals: Arrivals): Promise<number> {
  const start = performance.now()
  const answer = await host.dispatch('adjust', { component: 'web', amount: 1 })
  assert.equal(answer.status, 200, answer.text)
  return (await arrivals.of(String(answer.json['data']?.['dispatchId']))) - start
}

/** What the receiver took: redeliveries by message, live events by dispatch. */
class Arrivals {
  readonly #again = new Map<string, number>()
  readonly #live = new Map<string, PromiseWithResolvers<number>>()

  answer({ text, headers, at }: ReceivedRequest): number {
    if (headers['x-carabiner-redelivery'] === undefined) {
      this.#event(JSON.parse(text).dispatch_id).resolve(at)
      return 200
    }
    const id = headers['webhook-id'] ?? ''
    assert.equal(text, `{"of":"${id}"}`)
    this.#again.set(id, (this.#again.get(id) ?? 0) + 1)
    return 200
  }

  /** Resolves to when it came, on the clock `performance.now()`. */
  of(dispatch: string): Promise<number> {
    return this.#event(dispatch).promise
  }

  /** @returns how many came twice */
  check(messages: readonly string[], inFlight: ReadonlySet<string>): number {
    let twice = 0
    for (const id of messages) {
      const times = this.#again.get(id) ?? 0
      assert.ok(times > 0, `${id} was redelivered and never arrived`)
      if (times > 1) {
        assert.ok(times === 2 && inFlight.has(id), `${id} arrived ${times} times`)
        twice += 1
      }
    }
    assert.equal(this.#again.size, messages.length)
    return twice
  }

  #event(dispatch: string): PromiseWithResolvers<number> {
    const known = this.#live.get(dispatch) ?? Promise.withResolvers<number>()
    this.#live.set(dispatch, known)
    return known
  }
}

/** Ids of the messages that the killed host still holds. */
async function inHands(store: Store): Promise<ReadonlySet<string>> {
  const ids = new Set<string>()
  for await (const row of rowsOf(store, 'sending')) ids.add(row.messageId)
  return ids
}

async function settled(store: Store): Promise<void> {
  for (;;) {
    if ((await store.backlog()).oldestPendingAt === null) return
    await sleep(50)
  }
}

async function eachRepeatedOnce(store: Store, dead: number): Promise<void> {
  const repeated = new Set<string>()
  let rows = 0
  for await (const { redeliveryOf } of rowsOf(store, 'delivered')) {
    if (redeliveryOf === null) continue
    repeated.add(redeliveryOf)
    rows += 1
  }
  assert.deepEqual([rows, repeated.size], [dead, dead])
}

async function* rowsOf(store: Store, state: DeliveryRow['state']): AsyncGenerator<DeliveryRow> {
  let cursor: string | null | undefined
  while (cursor !== null) {
    const page = await store.deliveries({ state, limit: 1000, ...(cursor && { cursor }) })
    yield* page.rows
    cursor = page.nextCursor
  }
}

function p99(latencies: readonly number[]): number {
  const sorted = latencies.toSorted((one, other) => one - other)
  return Math.round(sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0)
}
