import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { eventually } from '../../helpers/engine.ts'
import { testPostgres } from '../../helpers/postgres.ts'
import { receiver } from '../../helpers/receiver.ts'
import type { Answered } from '../../helpers/served-host.ts'
import { type IngressHost, startIngress } from './ingress-host.ts'

const postgres = testPostgres({ fsync: false })
after(() => postgres[Symbol.asyncDispose]())

describe('three hosts on one PostgreSQL', { timeout: 120_000 }, () => {
  it('make one event and one delivery of ten copies at once', async () => {
    await using to = await receiver()
    await using hosts = await threeHosts(to.url)

    const answers = await hosts.all(10, (host) => host.post())

    const ids = new Set(answers.map(({ json }) => String(json['data']?.['eventId'])))
    const [id = ''] = ids
    assert.equal(ids.size, 1)
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [
      ...Array.from({ length: 9 }, () => 200),
      202,
    ])
    await hosts.one.reaches(id, 'processed')
    assert.equal(to.received.length, 1)
    const { rows } = await hosts.one.project.host.store.deliveries({})
    assert.equal(rows.length, 1)
    const noted = await hosts.one.audit(`entityId=${id}&action=webhook.duplicate`)
    assert.equal(noted.length, 9)
  })

  it('complete 20 replays of one event', async () => {
    await using to = await receiver()
    await using hosts = await threeHosts(to.url)
    const id = await hosts.one.accepted()
    await hosts.one.reaches(id, 'processed')

    const answers = await hosts.all(20, (host) => host.replay(id))
    await eventually(
      async () => (await hosts.one.audit('action=replay.completed')).length === answers.length,
    )

    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([202]))
    assert.equal(to.received.length, 21)
    const event = await hosts.one.event(id)
    assert.deepEqual([event['status'], Number(event['processingAttempts'])], ['processed', 21])
  })

  it('count what is not genuine together', async () => {
    await using hosts = await threeHosts('http://127.0.0.1:9/', 'rate_limit: { unverified: 5/h }')

    const answers = await hosts.all(12, (host) => host.post({}, { 'x-acme-signature': '00' }))

    assert.equal(answers.filter(({ status }) => status === 401).length, 5)
    assert.equal(answers.filter(({ status }) => status === 429).length, 7)
  })
})

interface Hosts extends AsyncDisposable {
  readonly one: IngressHost
  /** The same call so many times at once, each host in its turn. */
  all(count: number, call: (host: IngressHost) => Promise<Answered>): Promise<readonly Answered[]>
}

async function threeHosts(callback: string, stanza = ''): Promise<Hosts> {
  const store = await postgres.database()
  const stack = new AsyncDisposableStack()
  const one = stack.use(await startIngress({ store, callback, stanza }))
  const each = [one]
  for (let n = 0; n < 2; n += 1) {
    each.push(stack.use(await startIngress({ store, callback, stanza })))
  }
  return {
    one,
    all: (count, call) =>
      Promise.all(Array.from({ length: count }, (_, n) => call(each[n % 3] ?? one))),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}
