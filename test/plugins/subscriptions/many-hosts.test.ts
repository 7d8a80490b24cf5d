import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { eventually } from '../../helpers/engine.ts'
import { testPostgres } from '../../helpers/postgres.ts'
import { type ReceivedRequest, receiver } from '../../helpers/receiver.ts'
import type { Answered } from '../../helpers/served-host.ts'
import { type Api, type Call, startApi } from './api.ts'

const postgres = testPostgres({ fsync: false })
after(() => postgres[Symbol.asyncDispose]())

const subscriptions = '/v1/webhooks/subscriptions'
const events = '/v1/webhooks/events'
const body = { event_type: 'order.created', source: 'tests', payload: { n: 1 } }

describe('three hosts on one PostgreSQL', { timeout: 120_000 }, () => {
  it('make one event of 50 calls at once with one key, and 50 answers that agree', async () => {
    await using endpoint = await receiver()
    await using hosts = await threeHosts()
    await hosts.one.subscribe(`${endpoint.url}/a`)
    await hosts.one.subscribe(`${endpoint.url}/b`)

    const answers = await hosts.all(50, 'POST', events, { ...keyed('k'), body })
    const other = await hosts.all(3, 'POST', events, {
      ...keyed('k'),
      body: { ...body, source: 'others' },
    })

    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
    assert.equal(new Set(answers.map(({ text }) => text)).size, 1)
    assert.equal(answers.filter(isFirst).length, 1)
    assert.deepEqual(
      other.map(({ json }) => json['error']?.['code']),
      Array.from({ length: 3 }, () => 'idempotency_conflict'),
    )
    const { rows } = await hosts.one.project.host.store.deliveries({})
    assert.equal(rows.length, 2)
    await eventually(() => endpoint.received.length === 2)
  })

  it('make one batch of many with one key', async () => {
    await using hosts = await threeHosts()
    await hosts.one.subscribe('http://127.0.0.1:9/')
    const call = { ...keyed('k'), body: { events: Array.from({ length: 10 }, () => body) } }

    const answers = await hosts.all(9, 'POST', `${events}/batch`, call)

    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
    const ids = answers.map(({ json }) =>
      Object.values(json['results'] ?? {}).map((each) => String(each['event_id'])),
    )
    assert.equal(new Set(ids.flat()).size, 10)
    const { rows } = await hosts.one.project.host.store.deliveries({ limit: 100 })
    assert.equal(rows.length, 10)
  })

  it('make one subscription of a URL that is subscribed everywhere at once', async () => {
    await using hosts = await threeHosts()

    const answers = await hosts.all(30, 'POST', subscriptions, {
      body: { callback_url: 'http://127.0.0.1:9/', event_types: ['*'] },
    })

    const ids = answers.map(({ json }) => String(json['subscription']?.['subscription_id']))
    assert.equal(new Set(ids).size, 1)
  })

  it('make one replay of many', async () => {
    const { promise, resolve } = Promise.withResolvers<number>()
    await using endpoint = await receiver({ answers: [200, () => promise] })
    await using hosts = await threeHosts()
    await hosts.one.subscribe(endpoint.url)
    const id = (await hosts.one.publish())['event_id']
    await endpoint.requests(1)

    const answers = await hosts.all(9, 'POST', `${events}/${id}/replay`)

    const statuses = answers.map(({ status }) => status).toSorted()
    assert.deepEqual(statuses, [200, ...Array.from({ length: 8 }, () => 409)])
    resolve(200)
  })

  it('sign with a secret that another host has rotated, and send nothing to what it has revoked', async () => {
    await using endpoint = await receiver()
    await using hosts = await threeHosts()
    const id = await hosts.one.subscribe(endpoint.url, { secret: 'the-first-secret-of-all' })
    for (const host of hosts.each) await host.publish()
    await endpoint.requests(3)
    assert.deepEqual(endpoint.received.map(signaturesOf), [1, 1, 1])

    await hosts.one.ok('POST', `${subscriptions}/${id}/rotate-secret`)
    await eventually(async () => {
      const before = endpoint.received.length
      for (const host of hosts.each) await host.publish()
      const requests = await endpoint.requests(before + 3)
      return requests.slice(before).every((request) => signaturesOf(request) === 2)
    })
    await hosts.one.ok('DELETE', `${subscriptions}/${id}`)
    const published = await Promise.all(hosts.each.map((host) => host.publish()))

    assert.deepEqual(
      published.map((each) => each['queued_deliveries']),
      [0, 0, 0],
    )
  })

  it('count calls together', async () => {
    await using hosts = await threeHosts('rate_limit: 10/h')

    const answers = await hosts.all(30, 'GET', subscriptions)

    assert.equal(answers.filter(({ status }) => status === 200).length, 10)
    assert.equal(answers.filter(({ status }) => status === 429).length, 20)
  })
})

interface Hosts extends AsyncDisposable {
  readonly one: Api
  readonly each: readonly Api[]
  /** The same call so many times at once, each host in its turn. */
  all(count: number, method: string, path: string, call?: Call): Promise<readonly Answered[]>
}

async function threeHosts(stanza = ''): Promise<Hosts> {
  const store = await postgres.database()
  const stack = new AsyncDisposableStack()
  const one = stack.use(await startApi({ store, stanza }))
  const each = [one]
  for (let n = 0; n < 2; n += 1) each.push(stack.use(await startApi({ store, stanza })))
  return {
    one,
    each,
    all: (count, method, path, call) =>
      Promise.all(
        Array.from({ length: count }, (_, n) => (each[n % 3] ?? one).call(method, path, call)),
      ),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

function keyed(key: string): Call {
  return { headers: { 'idempotency-key': key } }
}

function isFirst({ headers }: Answered): boolean {
  return headers.get('idempotent-replayed') === null
}

function signaturesOf({ headers }: ReceivedRequest): number {
  return headers['webhook-signature']?.split(' ').length ?? 0
}
