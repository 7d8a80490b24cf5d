import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { retryPolicies } from '../../src/delivery/retry-policy.ts'
import { newId } from '../../src/ids.ts'
import {
  allDeliveries,
  anEndpoint,
  anOutboundMessage,
  eventually,
  openTestStore,
  startEngine,
} from '../helpers/engine.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { FakeSender, gate } from '../helpers/fake-sender.ts'

const record = {
  kind: 'put',
  collection: 'subscriptions/event',
  id: 'e1',
  expects: 'absent',
  value: { type: 'inbox.thread_created' },
} as const

for (const kind of ['memory', 'sqlite'] as const) {
  describe(`what a send gives back, on ${kind}`, () => {
    it('is each delivery in its order, with ids of the caller', async () => {
      await using opened = await openTestStore(kind)
      const endpoints = [anEndpoint(), anEndpoint({ id: 'webhooks/other' })]
      await using running = startEngine({
        store: opened.store,
        sender: new FakeSender(),
        endpoints,
        start: false,
      })
      const [messageId, first] = [newId(), newId()]

      const sent = await running.engine.send([
        anOutboundMessage({
          id: messageId,
          to: [{ endpoint: 'webhooks/other', id: first }, { endpoint: 'webhooks/audit' }],
        }),
      ])

      const common = { messageId, state: 'pending', attempts: 0, settledAt: null }
      const nothing = { status: null, lastError: null }
      assert.deepEqual(sent, [
        { id: first, endpoint: 'webhooks/other', ...common, ...nothing },
        { id: sent[1]?.id, endpoint: 'webhooks/audit', ...common, ...nothing },
      ])
    })

    it('is what came of the first attempts, for who waits for them', async () => {
      await using opened = await openTestStore(kind)
      const sender = new FakeSender([({ url }) => (url.host === 'audit.test' ? 503 : 202)])
      const endpoints = [anEndpoint(), anEndpoint({ id: 'webhooks/other', url: 'http://b.test' })]
      await using running = startEngine({ store: opened.store, sender, endpoints })

      const [failed, delivered] = await running.engine.send(
        [
          anOutboundMessage({
            to: [{ endpoint: 'webhooks/audit' }, { endpoint: 'webhooks/other' }],
          }),
        ],
        { wait: { ms: 60_000, until: 'attempted' } },
      )

      assert.deepEqual(
        [failed?.state, failed?.attempts, failed?.status, failed?.lastError, failed?.settledAt],
        ['pending', 1, 503, '503', null],
      )
      assert.deepEqual([delivered?.state, delivered?.status], ['delivered', 202])
      assert.ok((delivered?.settledAt ?? 0) > 0)
    })

    it('is what came of them in the end, for who waits for that', async () => {
      const clock = new FakeClock()
      await using opened = await openTestStore(kind, clock)
      const sender = new FakeSender([503, 503, 404])
      const endpoints = [anEndpoint({ retry: retryPolicies.pyfly })]
      await using running = startEngine({ store: opened.store, sender, endpoints, clock })

      const sending = running.engine.send([anOutboundMessage()], {
        wait: { ms: 3_600_000, until: 'settled' },
      })
      await eventually(async () => {
        await clock.advance(1_000)
        return sender.requests.length === 3
      })
      const [sent] = await sending

      assert.deepEqual([sent?.state, sent?.attempts, sent?.status], ['dead', 3, 404])
    })

    it('is what another host made of it', async () => {
      await using opened = await openTestStore(kind)
      await using here = startEngine({
        store: opened.store,
        sender: new FakeSender(),
        endpoints: [],
      })
      await using _ = startEngine({ store: opened.store, sender: new FakeSender([204]) })

      const [sent] = await here.engine.send([anOutboundMessage()], {
        wait: { ms: 30_000, until: 'settled' },
      })

      assert.deepEqual([sent?.state, sent?.attempts, sent?.status], ['delivered', 1, 204])
    })

    it('comes when the wait is over, whatever hangs', async () => {
      const clock = new FakeClock()
      await using opened = await openTestStore(kind, clock)
      const hanging = gate()
      const sender = new FakeSender([hanging.answer])
      await using running = startEngine({ store: opened.store, sender, clock })

      const sending = running.engine.send([anOutboundMessage()], {
        wait: { ms: 2_000, until: 'attempted' },
      })
      await eventually(() => sender.requests.length === 1)
      await clock.advance(2_001)
      const [sent] = await sending
      hanging.open()

      assert.deepEqual([sent?.state, sent?.attempts], ['sending', 0])
    })

    it('comes when the host stops', async () => {
      await using opened = await openTestStore(kind)
      const endpoints = [anEndpoint({ circuitBreaker: false })]
      const sender = new FakeSender([503])
      await using running = startEngine({ store: opened.store, sender, endpoints })

      const sending = running.engine.send([anOutboundMessage()], {
        wait: { ms: 3_600_000, until: 'settled' },
      })
      await eventually(() => sender.requests.length === 1)
      await eventually(async () => (await opened.store.backlog()).pending === 1)
      await running.engine.stop(0)

      assert.equal((await sending)[0]?.state, 'pending')
    })
  })

  describe(`what is stored beside messages, on ${kind}`, () => {
    it('is there with them', async () => {
      await using opened = await openTestStore(kind)
      await using running = startEngine({ store: opened.store, sender: new FakeSender() })
      const row = {
        entityType: 'event',
        entityId: 'e1',
        action: 'published',
        actor: 'a',
        details: {},
      }

      await running.engine.send([anOutboundMessage({ tenant: 'acme' })], {
        records: [record],
        audit: [row],
      })

      const [stored] = await opened.store.records('subscriptions/event', ['e1'])
      assert.deepEqual(stored?.value, record.value)
      const trail = await opened.store.auditTrail({ limit: 10 })
      assert.deepEqual(
        trail.rows.map(({ action }) => action),
        ['published'],
      )
    })

    it('keeps them from being stored when it cannot be', async () => {
      await using opened = await openTestStore(kind)
      const sender = new FakeSender()
      await using running = startEngine({ store: opened.store, sender })
      await running.engine.send([], { records: [record] })

      await assert.rejects(running.engine.send([anOutboundMessage()], { records: [record] }), {
        code: 'RECORD_CONFLICT',
      })

      assert.deepEqual(await allDeliveries(opened.store), [])
      assert.equal(sender.requests.length, 0)
      await running.engine.send([anOutboundMessage()])
      await eventually(() => sender.requests.length === 1)
    })

    it('is refused with a transaction of the caller', async () => {
      await using opened = await openTestStore(kind)
      await using running = startEngine({ store: opened.store, sender: new FakeSender() })
      const tx = { query: () => Promise.reject(new TypeError('not to be asked')) }

      for (const beside of [
        { records: [record] },
        { audit: [] },
        { wait: { ms: 1, until: 'attempted' } as const },
      ])
        await assert.rejects(running.engine.send([anOutboundMessage()], { tx, ...beside }), {
          code: 'USAGE',
        })
    })
  })
}

describe('the tenant of a message', () => {
  it('is whose bodies an erasure removes', async () => {
    await using opened = await openTestStore('sqlite')
    await using running = startEngine({
      store: opened.store,
      sender: new FakeSender(),
      start: false,
    })
    await running.engine.send([
      anOutboundMessage({ tenant: 'acme', origin: 'publish' }),
      anOutboundMessage({ tenant: 'other' }),
    ])

    const erased = await running.engine.erase({ kind: 'tenant', tenant: 'acme' }, { actor: 'ops' })

    assert.equal(erased.messages, 1)
    const states = (await allDeliveries(opened.store)).map(({ state }) => state)
    assert.deepEqual(states.sort(), ['cancelled', 'pending'])
  })
})
