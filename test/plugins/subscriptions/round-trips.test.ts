import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { systemClock } from '../../../src/clock.ts'
import { openStore } from '../../../src/store/open-store.ts'
import type { Store } from '../../../src/store/store.ts'
import { eventually } from '../../helpers/engine.ts'
import { type Receiver, receiver } from '../../helpers/receiver.ts'
import { startProject } from '../../helpers/start-host.ts'
import { type Api, apiOf, yamlOf } from './api.ts'

const subscriptions = '/v1/webhooks/subscriptions'
const events = '/v1/webhooks/events'

/** What routes ask a store; the engine's own calls are others. */
const asked: ReadonlySet<string> = new Set([
  'records',
  'findRecords',
  'lookUpRecords',
  'tally',
  'deliveries',
  'delivery',
])

/** Questions to a store, a list for each round trip: those of one list are asked side by side. */
class Trips {
  #waves: string[][] = []
  #open = 0

  /** The same store, watched. */
  watch(store: Store): Store {
    return new Proxy(store, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        if (!asked.has(String(name))) return value.bind(target)
        return (...given: unknown[]) => this.#ask(String(name), () => value.apply(target, given))
      },
    })
  }

  async of(work: () => Promise<unknown>): Promise<readonly (readonly string[])[]> {
    this.#waves = []
    await work()
    return this.#waves.map((wave) => wave.toSorted())
  }

  async #ask(name: string, ask: () => Promise<unknown>): Promise<unknown> {
    if (this.#open === 0) this.#waves.push([])
    this.#waves.at(-1)?.push(name)
    this.#open += 1
    try {
      const answer = await ask()
      // Whoever asks something side by side has done so by then.
      await new Promise((resolve) => setImmediate(resolve))
      return answer
    } finally {
      this.#open -= 1
    }
  }
}

describe('round trips to the store', () => {
  const trips = new Trips()
  let endpoint: Receiver
  let api: Api
  let id: string
  let event: string
  before(async () => {
    endpoint = await receiver()
    const tenants = `tenants:
  acme: [{ name: suite, subscriptions: [{ event_type: "*", target_url: "${endpoint.url}/acme" }] }]`
    const store = trips.watch(await openStore('memory:', { clock: systemClock }))
    api = apiOf(await startProject(yamlOf({ stanza: tenants }), { listen: true, store }))
    id = await api.subscribe(endpoint.url)
    event = String((await api.publish())['event_id'])
    await endpoint.requests(1)
    await settled()
    await api.ok('POST', `${events}/${event}/replay`)
    await endpoint.requests(2)
    await settled()
    for (let n = 0; n < 20; n += 1) {
      const params = { tenant: 'acme', type: 'OrderPlaced', payload: { n } }
      await api.project.host.dispatch('subscriptions.publish', params)
    }
    await endpoint.requests(22)
    await settled()
  })
  after(async () => {
    await api[Symbol.asyncDispose]()
    await endpoint[Symbol.asyncDispose]()
  })

  it('are one for a subscription and a page of them', async () => {
    assert.deepEqual(await of('GET', `${subscriptions}/${id}`), [['records']])
    await api.subscribe(`${endpoint.url}/other`, { event_types: ['never.published'] })
    assert.deepEqual(await of('GET', `${subscriptions}?limit=1`), [['findRecords']])
    assert.deepEqual(await of('GET', `${subscriptions}?limit=2`), [['findRecords']])
  })

  it('are two for an event, and for its deliveries', async () => {
    assert.deepEqual(await of('GET', `${events}/${event}`), [['records'], ['tally']])
    assert.deepEqual(await of('GET', `${events}/${event}/deliveries`), [
      ['records'],
      ['deliveries'],
    ])
  })

  it('are three for the deliveries to a subscription', async () => {
    assert.deepEqual(await of('GET', `${subscriptions}/${id}/deliveries`), [
      ['records'],
      ['deliveries'],
      ['lookUpRecords', 'records'],
    ])
  })

  it('are one to publish, two to replay, before the commit', async () => {
    assert.deepEqual(await of('POST', events, { event_type: 'a.b', source: 'me', payload: {} }), [
      ['lookUpRecords'],
    ])
    await endpoint.requests(23)
    await settled()
    assert.deepEqual(await of('POST', `${events}/${event}/replay`), [
      ['records'],
      ['lookUpRecords', 'tally'],
    ])
  })

  it('are two for a page of executions, however many there are on it', async () => {
    const headers = { 'x-internal-api-key': 'key-of-the-management' }

    const waves = await trips.of(() =>
      api.ok('GET', '/api/v1/executions?tenant=acme&limit=10', { headers }),
    )

    assert.deepEqual(waves, [['findRecords'], Array.from({ length: 10 }, () => 'delivery')])
  })

  function of(method: string, path: string, body?: unknown) {
    return trips.of(() => api.ok(method, path, { body }))
  }

  function settled(): Promise<void> {
    return eventually(async () => {
      return (await api.project.host.store.backlog()).oldestPendingAt === null
    })
  }
})
