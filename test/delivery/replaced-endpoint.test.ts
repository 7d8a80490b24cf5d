import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { EndpointDefinition } from '../../src/delivery/endpoint.ts'
import type { DeliveryEngine } from '../../src/delivery/engine.ts'
import { retryPolicies } from '../../src/delivery/retry-policy.ts'
import type { Store } from '../../src/store/store.ts'
import {
  anEndpoint,
  anOutboundMessage,
  eventually,
  openTestStore,
  startEngine,
} from '../helpers/engine.ts'
import { FakeSender, gate } from '../helpers/fake-sender.ts'
import { TestFamily } from '../helpers/family.ts'

const other = anEndpoint({ id: 'webhooks/other', url: 'http://other.test/' })

for (const kind of ['memory', 'sqlite'] as const) {
  describe(`an endpoint that is replaced while a request is under way, ${kind}`, () => {
    it('sends the next of a key when the one under way is settled', async () => {
      const first = gate()
      const sender = new FakeSender([first.answer, 200])
      await using replacing = await startReplacing(kind, sender, anEndpoint())
      await replacing.send('a')
      await eventually(() => sender.requests.length === 1)
      await replacing.send('a')

      replacing.replace(anEndpoint({ headers: { 'x-team': 'new' } }))
      await replacing.sendElsewhere()
      first.open()

      await soon(() => toAudit(sender) === 2)
      assert.equal(sender.requests.at(-1)?.headers['x-team'], 'new')
    })

    it('sends a retry of it when that is due', async () => {
      const first = gate()
      const sender = new FakeSender([first.answer, 200])
      const retry = { ...retryPolicies.standard, scheduleMs: [10] }
      await using replacing = await startReplacing(kind, sender, anEndpoint({ retry }))
      await replacing.send()
      await eventually(() => sender.requests.length === 1)

      replacing.replace(anEndpoint({ retry }))
      await replacing.sendElsewhere()
      first.open(503)

      await soon(() => toAudit(sender) === 2)
    })

    it('counts it among the requests at once', async () => {
      const first = gate()
      const sender = new FakeSender([first.answer, 200])
      const definition = anEndpoint({ concurrency: 1 })
      await using replacing = await startReplacing(kind, sender, definition)
      await replacing.send()
      await eventually(() => toAudit(sender) === 1)
      await replacing.send()

      replacing.replace(definition)
      await replacing.sendElsewhere()
      assert.equal(toAudit(sender), 1)
      replacing.replace({ ...definition, concurrency: 2 })
      await eventually(() => toAudit(sender) === 2)
      replacing.replace(definition)
      await replacing.send()
      await replacing.sendElsewhere()
      assert.equal(toAudit(sender), 2)
      first.open()

      await eventually(() => toAudit(sender) === 3)
    })

    it('has its own number of requests at once again when the next one does not last', async () => {
      const first = gate()
      const sender = new FakeSender([first.answer, 200])
      const definition = anEndpoint({ concurrency: 2 })
      await using replacing = await startReplacing(kind, sender, definition)
      await replacing.send()
      await eventually(() => toAudit(sender) === 1)

      replacing.engine.endpoint({ ...definition, concurrency: 1 })[Symbol.dispose]()
      await replacing.send()

      await eventually(() => toAudit(sender) === 2)
      first.open()
    })

    it('does not wait for it when it has another URL', async () => {
      const first = gate()
      const sender = new FakeSender([first.answer, 200])
      const definition = anEndpoint({ concurrency: 1 })
      await using replacing = await startReplacing(kind, sender, definition)
      await replacing.send()
      await eventually(() => sender.requests.length === 1)
      await replacing.send()

      replacing.replace({ ...definition, url: 'http://new.test/hook' })

      await eventually(() => sender.requests.length === 2)
      first.open()
    })

    it('begins anew with another URL, one of a family, too', async () => {
      const sender = new FakeSender([503, 200])
      const circuitBreaker = { failureThreshold: 1, recoveryTimeoutMs: 60_000, count5xx: true }
      await using replacing = await startReplacing(kind, sender, anEndpoint())
      const { engine } = replacing
      const family = new TestFamily()
      using _ = engine.family(family)
      const send = (url: string) => {
        const endpoint = family.put('a', { circuitBreaker, url })
        const definition = family.endpoints.get(endpoint) ?? assert.fail()
        return engine.send([anOutboundMessage({ to: [{ endpoint, definition }] })])
      }
      await send('http://old.test/hook')
      await eventually(() => engine.circuits().open === 1)

      await send('http://new.test/hook')

      await eventually(() => sender.requests.length === 2)
      assert.equal(sender.requests[1]?.url.host, 'new.test')
    })

    it('goes by none of its answers when it has another URL', async () => {
      for (const late of [503, 410]) {
        const first = gate()
        const sender = new FakeSender([first.answer, 503])
        const circuitBreaker = { failureThreshold: 2, recoveryTimeoutMs: 60_000, count5xx: true }
        const definition = anEndpoint({ circuitBreaker })
        await using replacing = await startReplacing(kind, sender, definition)
        const { engine, store } = replacing
        const waiting = async () => (await store.deliveries({ state: 'pending', limit: 9 })).rows
        await replacing.send()
        await eventually(() => sender.requests.length === 1)

        replacing.replace({ ...definition, url: 'http://new.test/hook' })
        await replacing.send()
        await eventually(async () => (await waiting())[0]?.attempts === 1)
        first.open(late)
        await eventually(async () => (await store.backlog()).sending === 0)

        const [status] = engine.endpoints().filter(({ id }) => id === definition.id)
        assert.deepEqual([status?.circuit, status?.disabledReason], ['closed', null], `${late}`)
        assert.equal((await waiting()).length, late === 503 ? 2 : 1)
      }
    })
  })
}

interface Replacing extends AsyncDisposable {
  readonly engine: DeliveryEngine
  readonly store: Store
  /** As a reload does it: the next one comes before the last one goes. */
  replace(next: EndpointDefinition): void
  /** @param orderKey - of messages that go one after another */
  send(orderKey?: string): Promise<void>
  /** Sends to another endpoint; resolves when that has gone out: so would have what was due before. */
  sendElsewhere(): Promise<void>
}

async function startReplacing(
  kind: 'memory' | 'sqlite',
  sender: FakeSender,
  definition: EndpointDefinition,
): Promise<Replacing> {
  const opened = await openTestStore(kind)
  const { engine, ...running } = startEngine({ store: opened.store, sender, endpoints: [other] })
  let present = engine.endpoint(definition)
  return {
    engine,
    store: opened.store,
    replace(next) {
      const last = present
      present = engine.endpoint(next)
      last[Symbol.dispose]()
    },
    async send(orderKey) {
      const to = [{ endpoint: definition.id, ...(orderKey !== undefined && { orderKey }) }]
      await engine.send([anOutboundMessage({ to })])
    },
    async sendElsewhere() {
      const sent = elsewhere(sender)
      await engine.send([anOutboundMessage({ to: [{ endpoint: other.id }] })])
      await eventually(() => elsewhere(sender) > sent)
    },
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]()
      await opened[Symbol.asyncDispose]()
    },
  }
}

function elsewhere({ requests }: FakeSender): number {
  return requests.filter(({ url }) => url.href === other.url).length
}

function toAudit(sender: FakeSender): number {
  return sender.requests.length - elsewhere(sender)
}

/** Not only with the next sweep, which is 30 s away. */
async function soon(holds: () => boolean): Promise<void> {
  const since = performance.now()
  await eventually(holds)
  assert.ok(performance.now() - since < 10_000)
}
