import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DeliveryEngine } from '../../src/delivery/engine.ts'
import { newRedeliveryId, type RedeliveryId } from '../../src/ids.ts'
import type { Redelivery } from '../../src/store/redelivery.ts'
import type { Store } from '../../src/store/store.ts'
import { storeDead } from '../helpers/dead-deliveries.ts'
import {
  allDeliveries,
  anEndpoint,
  anOutboundMessage,
  eventually,
  openTestStore,
  quiet,
  startEngine,
} from '../helpers/engine.ts'
import { failingStore } from '../helpers/failing-store.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { FakeSender, gate } from '../helpers/fake-sender.ts'
import { fastClock } from '../soak/fast-clock.ts'

const cause = { actor: 'ada' }

for (const kind of ['memory', 'sqlite'] as const) {
  describe(`a redelivery of many on ${kind}`, () => {
    it('sends everything dead once more, each with its own id, and counts it', async () => {
      await using opened = await openTestStore(kind)
      const { store } = opened
      const messages = await storeDead(store, 30)
      const sender = new FakeSender()
      await using running = startEngine({ store, sender })

      const asked = await running.engine.redeliveries.many({ state: 'dead' }, cause)
      const done = await over(store, asked.id)
      await eventually(async () => (await store.backlog()).pending === 0)

      const sent = sender.requests.map(({ headers }) => headers['webhook-id'])
      assert.deepEqual(sent.toSorted(), [...messages].toSorted())
      assert.ok(sender.requests.every(({ headers }) => headers['x-carabiner-redelivery']))
      assert.equal(asked.matched, 30)
      assert.deepEqual(counts(done), ['done', 30, 30, 30, 0])
    })

    it('asked for twice, sends nothing twice', async () => {
      await using opened = await openTestStore(kind)
      const { store } = opened
      const messages = await storeDead(store, 30)
      const sender = new FakeSender()
      await using running = startEngine({ store, sender })
      const { redeliveries } = running.engine

      const asked = await Promise.all([
        redeliveries.many({ state: 'dead' }, cause),
        redeliveries.many({ state: 'dead' }, cause),
      ])
      const [first, second] = await Promise.all(asked.map(({ id }) => over(store, id)))
      await eventually(async () => (await store.backlog()).pending === 0)

      assert.equal(sender.requests.length, messages.length)
      assert.equal((first?.redelivered ?? 0) + (second?.redelivered ?? 0), 30)
      assert.equal((first?.skipped ?? 0) + (second?.skipped ?? 0), 30)
    })

    it('leaves half of the connections to live traffic', async () => {
      await using opened = await openTestStore(kind)
      const { store } = opened
      await storeDead(store, 30)
      const held = gate()
      const sender = new FakeSender([held.answer])
      const endpoints = [anEndpoint({ concurrency: 8 })]
      await using running = startEngine({ store, sender, endpoints })
      const filter = { state: 'dead', endpoint: 'webhooks/audit' } as const

      const { id } = await running.engine.redeliveries.many(filter, cause)
      await eventually(() => sender.requests.length === 4)
      await quiet(200)

      assert.equal(sender.requests.length, 4)
      assert.equal((await store.redelivery(id))?.processed, 4)
      held.open()
      assert.deepEqual(counts(await over(store, id)), ['done', 30, 30, 30, 0])
    })

    it('is not held up by deliveries that wait for a retry', async () => {
      await using opened = await openTestStore(kind)
      const { store } = opened
      await storeDead(store, 30)
      const sender = new FakeSender([503])
      const endpoints = [anEndpoint({ concurrency: 2, circuitBreaker: false })]
      await using running = startEngine({ store, sender, endpoints })

      const { id } = await running.engine.redeliveries.many({ state: 'dead' }, cause)

      assert.deepEqual(counts(await over(store, id)), ['done', 30, 30, 30, 0])
      await eventually(() => sender.requests.length === 30)
      await eventually(async () => (await store.backlog()).pending === 30)
    })

    it('stops where it stands, and what it has made is sent', async () => {
      await using opened = await openTestStore(kind)
      const { store } = opened
      await storeDead(store, 30)
      const held = gate()
      const sender = new FakeSender([held.answer, 200])
      const endpoints = [anEndpoint({ concurrency: 2 })]
      await using running = startEngine({ store, sender, endpoints })
      const { redeliveries } = running.engine
      const { id } = await redeliveries.many({ state: 'dead' }, cause)
      await eventually(() => sender.requests.length === 1)

      const stopped = await redeliveries.stop(id, { actor: 'bert' })
      const again = await redeliveries.stop(id, { actor: 'bert' })
      held.open()
      await eventually(async () => (await store.backlog()).sending === 0)
      await quiet(200)

      assert.deepEqual(counts(stopped), ['stopped', 30, 1, 1, 0])
      assert.deepEqual(again, stopped)
      assert.equal(sender.requests.length, 1)
      assert.equal(await redeliveries.stop(newRedeliveryId(), cause), undefined)
      const rest = await redeliveries.many({ state: 'dead' }, cause)
      assert.deepEqual(counts(await over(store, rest.id)), ['done', 30, 30, 29, 1])
    })

    it('goes on with the next host when the one at it is gone', async () => {
      const clock = fastClock(Date.now(), 20)
      await using opened = await openTestStore(kind, clock)
      const { store } = opened
      const messages = await storeDead(store, 30, { at: clock.now() - 60_000 })
      const held = gate()
      const sender = new FakeSender([200, 200, 200, held.answer])
      const endpoints = [anEndpoint({ concurrency: 2 })]
      const first = startEngine({ store, sender, endpoints, clock })
      const { id } = await first.engine.redeliveries.many({ state: 'dead' }, cause)
      await eventually(() => sender.requests.length === 4)
      const stopped = first[Symbol.asyncDispose]()
      held.open()
      await stopped
      const before = await store.redelivery(id)

      await using next = startEngine({ store, sender: new FakeSender(), endpoints, clock })
      const done = await over(store, id)
      await eventually(async () => (await store.backlog()).pending === 0)

      assert.ok(next.log.some(({ message }) => message === 'redelivery taken up'))
      assert.deepEqual(counts(before).slice(0, 2), ['running', 30])
      assert.ok((before?.processed ?? 30) < 30)
      assert.deepEqual(counts(done), ['done', 30, 30, 30, 0])
      const made = (await allDeliveries(store)).filter(({ redeliveryOf }) => redeliveryOf !== null)
      assert.deepEqual(made.map(({ messageId }) => messageId).toSorted(), messages.toSorted())
    })

    it('of several endpoints goes on slowly past one that takes nothing', async () => {
      const clock = new FakeClock()
      await using opened = await openTestStore(kind, clock)
      const { store } = opened
      const at = clock.now() - 60_000
      await storeDead(store, 150, { at, endpoint: 'webhooks/gone' })
      await storeDead(store, 1, { at: at + 1 })
      const sender = new FakeSender()
      await using running = startEngine({ store, sender, clock })

      const { id } = await running.engine.redeliveries.many({ state: 'dead' }, cause)
      await quiet(50)
      const before = await store.redelivery(id)
      for (let second = 0; second < 14; second += 1) {
        await clock.advance(1_000)
        await quiet(50)
      }

      assert.equal(before?.processed, 1)
      assert.deepEqual(counts(await store.redelivery(id)), ['done', 151, 151, 151, 0])
      assert.equal(sender.requests.length, 1)
    })

    it('waits while the store is away', async () => {
      const clock = fastClock(Date.now(), 20)
      await using opened = await openTestStore(kind, clock)
      await storeDead(opened.store, 30, { at: clock.now() - 60_000 })
      const failing = failingStore(opened.store)
      const { store } = failing
      await using running = startEngine({ store, sender: new FakeSender(), clock })

      failing.away = true
      const { id } = await running.engine.redeliveries.many({ state: 'dead' }, cause)
      await quiet(200)
      const before = await store.redelivery(id)
      failing.away = false

      assert.deepEqual(counts(before), ['running', 30, 0, 0, 0])
      assert.deepEqual(counts(await over(store, id)), ['done', 30, 30, 30, 0])
      assert.deepEqual(
        running.log.filter(({ level }) => level === 'error'),
        [],
      )
    })

    it('tells the audit trail who asked for what, and how it ended', async () => {
      await using opened = await openTestStore(kind)
      const { store } = opened
      await storeDead(store, 3)
      await using running = startEngine({ store, sender: new FakeSender() })
      const filter = { state: 'dead', endpoint: 'webhooks/audit' } as const

      const { id } = await running.engine.redeliveries.many(filter, cause)
      const trail = async () => (await store.auditTrail({ entityId: id })).rows
      await eventually(async () => (await trail()).length === 2)

      const told = (await trail()).map(({ action, actor, details }) => [action, actor, details])
      const end = { matched: 3, processed: 3, redelivered: 3, skipped: 0 }
      assert.deepEqual(told, [
        ['redelivery.done', 'ada', end],
        ['redelivery.requested', 'ada', { filter }],
      ])
    })

    it('refuses an endpoint that is not there, or that wants nothing more', async () => {
      await using opened = await openTestStore(kind)
      const { store } = opened
      await storeDead(store, 1)
      await using running = startEngine({ store, sender: new FakeSender([410]) })
      const { redeliveries } = running.engine
      const unknown = redeliveries.many({ state: 'dead', endpoint: 'webhooks/nobody' }, cause)
      await assert.rejects(unknown, { code: 'ENDPOINT_UNKNOWN', message: /webhooks\/nobody/ })

      await redeliveries.many({ state: 'dead' }, cause)
      await eventually(() => isDisabled(running.engine))
      const disabled = redeliveries.many({ state: 'dead', endpoint: 'webhooks/audit' }, cause)

      await assert.rejects(disabled, { code: 'ENDPOINT_DISABLED', message: /410/ })
      const [dead] = (await store.deliveries({ state: 'dead' })).rows
      assert.ok(dead)
      await assert.rejects(redeliveries.one(dead.id, cause), { code: 'ENDPOINT_DISABLED' })
      assert.equal((await store.redeliveries({})).rows.length, 1)
    })
  })

  describe(`an erasure on ${kind}`, () => {
    it('takes back what waits in the hands of a host, and is audited without what was said', async () => {
      await using opened = await openTestStore(kind)
      const { store } = opened
      const [message = ''] = await storeDead(store, 1)
      const [dead] = await allDeliveries(store)
      assert.ok(dead)
      const held = gate()
      const sender = new FakeSender([held.answer])
      const endpoints = [anEndpoint({ concurrency: 1 })]
      await using running = startEngine({ store, sender, endpoints })
      const { engine } = running
      await engine.send([anOutboundMessage()])
      await eventually(() => sender.requests.length === 1)
      const again = await engine.redeliveries.one(dead.id, cause)
      await eventually(async () => (await store.delivery(again.id))?.delivery.state === 'sending')

      const target = { kind: 'message', id: dead.messageId } as const
      const erasure = await engine.erase(target, cause)
      const second = await engine.erase(target, cause)
      held.open()
      await eventually(async () => (await store.backlog()).sending === 0)
      await quiet(50)

      assert.deepEqual(erasure, { messages: 1, cancelled: 1, records: 0 })
      assert.deepEqual(second, { messages: 0, cancelled: 0, records: 0 })
      assert.equal(sender.requests.length, 1, 'only what was under way')
      const { rows } = await store.auditTrail({ entityId: message })
      const told = rows.slice(-2).map(({ action, actor, details }) => [action, actor, details])
      assert.deepEqual(told, [
        ['message.erased', 'ada', erasure],
        ['message.erasure_requested', 'ada', {}],
      ])
    })

    it('wins over a redelivery that has read the message already', async () => {
      await using opened = await openTestStore(kind)
      const { store } = opened
      await storeDead(store, 1)
      const [dead] = await allDeliveries(store)
      assert.ok(dead)
      const sender = new FakeSender()
      await using running = startEngine({ store: erasingStore(store), sender })

      const again = running.engine.redeliveries.one(dead.id, cause)

      await assert.rejects(again, { code: 'MESSAGE_ERASED', message: /nothing to send again/ })
      assert.equal((await allDeliveries(store)).length, 1)
      const { rows } = await store.auditTrail({ entityId: dead.id })
      assert.equal(rows[0]?.action, 'delivery.redelivery_refused')
      assert.equal(sender.requests.length, 0)
    })

    it('leaves nothing to redeliver, one by one or together', async () => {
      await using opened = await openTestStore(kind)
      const { store } = opened
      await storeDead(store, 2)
      const [dead] = await allDeliveries(store)
      assert.ok(dead)
      const sender = new FakeSender()
      await using running = startEngine({ store, sender })
      const { engine } = running
      await engine.erase({ kind: 'message', id: dead.messageId }, cause)

      const one = engine.redeliveries.one(dead.id, cause)
      await assert.rejects(one, { code: 'MESSAGE_ERASED', message: /erased/ })
      const { id } = await engine.redeliveries.many({ state: 'dead' }, cause)

      assert.deepEqual(counts(await over(store, id)), ['done', 2, 2, 1, 1])
      await eventually(() => sender.requests.length === 1)
    })
  })
}

/** A store in which somebody erases each message just before it is stored once more. */
function erasingStore(real: Store): Store {
  const enqueue: Store['enqueue'] = async (messages, born) => {
    for (const { id, createdAt } of messages) {
      await real.erase({ kind: 'message', id }, createdAt, 1)
    }
    return real.enqueue(messages, born)
  }
  return new Proxy(real, {
    get(target, property) {
      if (property === 'enqueue') return enqueue
      const value: unknown = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

async function over(store: Store, id: RedeliveryId): Promise<Redelivery> {
  let found: Redelivery | undefined
  await eventually(async () => {
    found = await store.redelivery(id)
    return found !== undefined && found.state !== 'running'
  }, 'the redelivery is not over')
  assert.ok(found)
  return found
}

function counts(redelivery: Redelivery | undefined): unknown[] {
  const { state, matched, processed, redelivered, skipped } = redelivery ?? {}
  return [state, matched, processed, redelivered, skipped]
}

function isDisabled(engine: DeliveryEngine): boolean {
  return engine.endpoints().some(({ disabledReason }) => disabledReason !== null)
}
