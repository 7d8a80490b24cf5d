import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { openStore } from '../../../../src/store/open-store.ts'
import type { Store } from '../../../../src/store/store.ts'
import { eventually } from '../../../helpers/engine.ts'
import { testPostgres } from '../../../helpers/postgres.ts'
import { type ReceivedRequest, type Receiver, receiver } from '../../../helpers/receiver.ts'
import { verdictOf } from '../verdict.ts'
import { type ApiProcess, anEvent, apiFolder, runApi } from './host.ts'

const subscriptions = '/v1/webhooks/subscriptions'
const oldSecret = 'the-secret-before-the-rotation'
const newSecret = 'the-secret-after-the-rotation'
/** Within this every host knows of a change. */
const knownWithinMs = 1_000
/** Events that take two hosts longer than that, at the pace of `slowReceiver`. */
const backlogged = 600

const postgres = testPostgres({ fsync: false })
after(() => postgres[Symbol.asyncDispose]())

for (const kind of ['sqlite', 'postgres'] as const) {
  describe(`two hosts on ${kind}, of which one is told`, { timeout: 60_000 }, () => {
    it('send nothing more to a URL a second after its revocation', async () => {
      await using to = await slowReceiver()
      await using hosts = await twoHosts(kind)
      const id = await hosts.one.subscribe(to.url)
      await backlog(hosts.other, backlogged)
      await to.requests(20)

      const { status } = await hosts.one.call('DELETE', `${subscriptions}/${id}`)
      const answeredAt = performance.now()
      await settled(hosts.store)

      assert.equal(status, 200)
      const late = to.received.filter(({ at }) => at > answeredAt + knownWithinMs)
      assert.equal(late.length, 0)
      const { rows } = await hosts.store.deliveries({ state: 'cancelled', limit: 1 })
      assert.equal(rows[0]?.lastError, 'subscription revoked')
      const delivered = await count(hosts.store, 'delivered')
      assert.equal(delivered + (await count(hosts.store, 'cancelled')), backlogged)
      assert.equal(to.received.length, delivered)
    })

    it('fail no verification while its secret is rotated, of receivers that know the new one alone from the answer on', async () => {
      await using to = await slowReceiver()
      await using hosts = await twoHosts(kind)
      const id = await hosts.one.subscribe(to.url, { secret: oldSecret })
      await backlog(hosts.other, 200)
      await to.requests(20)

      const { status } = await hosts.one.call('POST', `${subscriptions}/${id}/rotate-secret`, {
        body: { secret: newSecret },
      })
      const answeredAt = performance.now()
      await backlog(hosts.other, 100)
      const requests = await to.requests(300)

      assert.equal(status, 200)
      const later = requests.filter(({ at }) => at > answeredAt)
      assert.ok(later.length >= 100, 'all was sent before: this proves nothing')
      assert.deepEqual(verdicts(requests, [oldSecret]), ['verified'])
      assert.deepEqual(verdicts(requests, [oldSecret, newSecret]), ['verified'])
      assert.deepEqual(verdicts(later, [newSecret]), ['verified'])
    })
  })
}

interface TwoHosts extends AsyncDisposable {
  readonly one: ApiProcess
  readonly other: ApiProcess
  readonly store: Store
}

async function twoHosts(kind: 'sqlite' | 'postgres'): Promise<TwoHosts> {
  const stack = new AsyncDisposableStack()
  const given = kind === 'sqlite' ? 'sqlite:./store.db' : await postgres.database()
  const folder = stack.use(apiFolder({ store: given }))
  const url = kind === 'sqlite' ? `sqlite:${folder.file('store.db')}` : given
  const [one, other] = await Promise.all([runApi(folder), runApi(folder)])
  stack.use(one)
  stack.use(other)
  const store = stack.use(await openStore(url))
  return { one, other, store, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

/** Takes its time, so that what waits for it waits long enough. */
function slowReceiver(): Promise<Receiver> {
  return receiver({
    answers: [() => new Promise((resolve) => setTimeout(() => resolve(200), 60))],
  })
}

async function backlog(host: ApiProcess, events: number): Promise<void> {
  for (let n = 0; n < events; n += 100) {
    const body = { events: Array.from({ length: 100 }, () => anEvent()) }
    const { status, text } = await host.call('POST', '/v1/webhooks/events/batch', { body })
    assert.equal(status, 200, text)
  }
}

async function settled(store: Store): Promise<void> {
  await eventually(async () => {
    return (await store.backlog()).oldestPendingAt === null
  }, 'deliveries still wait')
}

async function count(store: Store, state: 'delivered' | 'cancelled'): Promise<number> {
  let rows = 0
  let cursor: string | null | undefined
  while (cursor !== null) {
    const page = await store.deliveries({ state, limit: 1_000, ...(cursor && { cursor }) })
    rows += page.rows.length
    cursor = page.nextCursor
  }
  return rows
}

/** What receivers of all these requests think, each opinion once. */
function verdicts(requests: readonly ReceivedRequest[], secrets: readonly string[]): string[] {
  return [...new Set(requests.map((request) => verdictOf(request, 'standard', secrets)))]
}
