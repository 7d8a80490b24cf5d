import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ReceivedRequest, receiver } from '../../../helpers/receiver.ts'
import { adjusterSource } from '../../../helpers/start-host.ts'
import { type ApiProcess, anEvent, apiFolder, runApi } from './host.ts'

const hangingCount = 100
const healthyCount = 20
const rounds = 5
const backlog = 5_000

describe('an event for many subscriptions', { timeout: 60_000 }, () => {
  it('reaches the healthy ones, in order, before the one with a backlog is done, while others hang', async () => {
    const counter = new Counter()
    await using to = await receiver({ answers: [(request) => counter.answer(request)] })
    using folder = apiFolder({
      store: 'sqlite:./store.db',
      stanza: 'http: { timeout: 100s }',
      connectors: 'adjuster: ./adjuster.ts, webhooks: webhooks',
      more: `webhooks: [{ name: told, events: after:adjust, url: "${to.url}/configured", secret: a-secret-of-this-test }]`,
      files: { 'adjuster.ts': adjusterSource },
    })
    await using api = await runApi(folder, {
      headers: { 'x-internal-api-key': 'key-of-the-management' },
    })
    await subscribe(api, `${to.url}/behind`, 1, 'order.behind')
    await subscribe(api, `${to.url}/hanging`, hangingCount, 'order.created')
    await subscribe(api, `${to.url}/healthy`, healthyCount, 'order.created')
    await publishBehind(api)

    for (let round = 0; round < rounds; round += 1) {
      const { status, text } = await api.publish({ body: anEvent({ round }) })
      assert.equal(status, 200, text)
      assert.equal((await api.host.dispatch('adjust', { component: 'web', amount: 1 })).status, 200)
      // The next is published when this one has arrived everywhere: behind nobody that hangs or waits.
      await counter.reached('healthy', healthyCount * (round + 1))
      await counter.reached('configured', round + 1)
    }
    const drained = counter.of('behind').length

    assert.ok(drained < backlog, 'the backlog was done before: this proves nothing')
    assert.ok(counter.of('hanging').length >= hangingCount, 'nobody hangs: this proves nothing')
    const told = new Set(counter.of('healthy'))
    assert.equal(told.size, healthyCount * rounds, 'each once')
    await counter.reached('behind', drained + 1)
  })
})

/** What has come, by the first word of the path. */
class Counter {
  readonly #arrived = new Map<string, string[]>()
  #waiting: (() => void)[] = []

  of(kind: string): readonly string[] {
    return this.#arrived.get(kind) ?? []
  }

  async reached(kind: string, count: number): Promise<void> {
    while (this.of(kind).length < count) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  answer({ path, headers }: ReceivedRequest): number | Promise<number> {
    const kind = path.split('/')[1] ?? ''
    this.#arrived.set(kind, [...this.of(kind), headers['webhook-id'] ?? ''])
    for (const resolve of this.#waiting.splice(0)) resolve()
    if (kind === 'hanging') return new Promise<number>(() => {})
    if (kind === 'behind') return new Promise((resolve) => setTimeout(() => resolve(200), 50))
    return 200
  }
}

async function subscribe(api: ApiProcess, url: string, count: number, type: string): Promise<void> {
  const paths = Array.from({ length: count }, (_, n) => `${url}/${n}`)
  await Promise.all(paths.map((path) => api.subscribe(path, { event_types: [type] })))
}

/** One subscription has more to get than it takes while the others are told. */
async function publishBehind(api: ApiProcess): Promise<void> {
  const event = { ...anEvent(), event_type: 'order.behind' }
  for (let n = 0; n < backlog; n += 500) {
    const body = { events: Array.from({ length: 100 }, () => event) }
    const calls = Array.from({ length: 5 }, () =>
      api.call('POST', '/v1/webhooks/events/batch', { body }),
    )
    for (const { status, text } of await Promise.all(calls)) assert.equal(status, 200, text)
  }
}
