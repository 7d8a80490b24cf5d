import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DeliveryObserver } from '../../src/delivery/delivery-observer.ts'
import { retryPolicies } from '../../src/delivery/retry-policy.ts'
import { newDeliveryId } from '../../src/ids.ts'
import type { DeliveryRow, Store } from '../../src/store/store.ts'
import {
  allDeliveries,
  anEndpoint,
  anOutboundMessage,
  eventually,
  openTestStore,
  quiet,
  startEngine,
} from '../helpers/engine.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { aReply, FakeSender, gate, noConnection, untilAborted } from '../helpers/fake-sender.ts'

const hour = 3_600_000

async function onlyDelivery(store: Store): Promise<DeliveryRow> {
  const rows = await allDeliveries(store)
  assert.equal(rows.length, 1)
  const [row] = rows
  assert.ok(row)
  return row
}

for (const kind of ['memory', 'sqlite'] as const) {
  describe(`DeliveryEngine on ${kind}`, () => {
    it('sends a message once and settles it as delivered', async () => {
      await using opened = await openTestStore(kind)
      const sender = new FakeSender()
      await using running = startEngine({ store: opened.store, sender })

      await running.engine.send([anOutboundMessage()])
      await eventually(async () => (await onlyDelivery(opened.store)).state === 'delivered')

      assert.equal(sender.requests.length, 1)
      const row = await onlyDelivery(opened.store)
      assert.equal(row.attempts, 1)
      assert.equal(row.lastError, null)
    })

    it('tries again after a 503, with the same id and body and a fresh attempt number', async () => {
      const clock = new FakeClock()
      await using opened = await openTestStore(kind, clock)
      const sender = new FakeSender([503, 200])
      await using running = startEngine({ store: opened.store, sender, clock })

      await running.engine.send([anOutboundMessage()])
      await eventually(async () => (await onlyDelivery(opened.store)).attempts === 1)
      const waiting = await onlyDelivery(opened.store)
      await clock.advance(4_990)
      await quiet()
      const before = sender.requests.length
      await clock.advance(20)
      await eventually(async () => (await onlyDelivery(opened.store)).state === 'delivered')

      assert.equal(waiting.state, 'pending')
      assert.equal(waiting.lastError, '503')
      assert.equal(before, 1)
      const [first, second] = sender.requests
      assert.equal(first?.headers['webhook-id'], second?.headers['webhook-id'])
      assert.deepEqual(first?.body, second?.body)
      assert.equal(second?.headers['x-carabiner-attempt'], '2')
    })

    it('sends every retry when it is due, not only the first of its endpoint', async () => {
      const clock = new FakeClock()
      await using opened = await openTestStore(kind, clock)
      const sender = new FakeSender([503, 503, 503, 200])
      const retry = { ...retryPolicies.awa, baseMs: 1_000, factor: 1, jitter: 'none' } as const
      const endpoints = [anEndpoint({ retry })]
      await using running = startEngine({ store: opened.store, sender, clock, endpoints })
      for (let n = 1; n <= 3; n += 1) {
        await running.engine.send([anOutboundMessage()])
        await eventually(() => sender.requests.length === n)
        await quiet()
        await clock.advance(100)
      }

      const sentAfter: number[] = []
      for (let ms = 300; ms < 1_400; ms += 100) {
        await clock.advance(100)
        await quiet()
        sentAfter.push(sender.requests.length)
      }

      assert.deepEqual(sentAfter, [3, 3, 3, 3, 3, 3, 4, 5, 6, 6, 6])
    })

    it('gives up after the last try with a reason a person can read', async () => {
      await using opened = await openTestStore(kind)
      const sender = new FakeSender([500])
      const retry = { ...retryPolicies.servo, maxTries: 3, baseMs: 1, jitter: 'none' } as const
      await using running = startEngine({
        store: opened.store,
        sender,
        endpoints: [anEndpoint({ retry })],
      })

      await running.engine.send([anOutboundMessage()])
      await eventually(async () => (await onlyDelivery(opened.store)).state === 'dead')

      assert.equal(sender.requests.length, 3)
      assert.equal((await onlyDelivery(opened.store)).lastError, '500; gave up after 3 tries')
      assert.ok(running.log.some((line) => line.level === 'warn' && line.message === 'dead'))
    })

    it('is dead at once when the policy does not try such a status again', async () => {
      await using opened = await openTestStore(kind)
      const sender = new FakeSender([404])
      await using running = startEngine({
        store: opened.store,
        sender,
        endpoints: [anEndpoint({ retry: retryPolicies.axme })],
      })

      await running.engine.send([anOutboundMessage()])
      await eventually(async () => (await onlyDelivery(opened.store)).state === 'dead')

      assert.equal(sender.requests.length, 1)
    })

    it('is dead without a try when the egress guard refuses', async () => {
      await using opened = await openTestStore(kind)
      const message = 'egress refused: 127.0.0.1 is loopback'
      const refusal = {
        kind: 'no-reply',
        error: 'egress',
        message,
        timings: { totalMs: 0 },
      } as const
      await using running = startEngine({ store: opened.store, sender: new FakeSender([refusal]) })

      await running.engine.send([anOutboundMessage()])
      await eventually(async () => (await onlyDelivery(opened.store)).state === 'dead')

      const row = await onlyDelivery(opened.store)
      assert.equal(row.lastError, message)
      assert.equal(row.attempts, 0)
    })

    it('disables an endpoint that answers 410 until it has another URL', async () => {
      await using opened = await openTestStore(kind)
      const { store } = opened
      const held = gate()
      const sender = new FakeSender([held.answer, 200])
      const endpoint = anEndpoint({ concurrency: 1 })
      await using running = startEngine({ store, sender, endpoints: [endpoint] })

      await running.engine.send(Array.from({ length: 8 }, () => anOutboundMessage()))
      await eventually(() => sender.requests.length === 1)
      held.open(410)
      await eventually(async () => (await store.backlog()).dead === 8)
      await running.engine.send([anOutboundMessage()])

      const rows = await allDeliveries(store)
      assert.equal(rows.length, 8)
      assert.equal(sender.requests.length, 1)

      running.engine.endpoint({ ...endpoint, url: 'http://audit.test/new' })
      await running.engine.send([anOutboundMessage()])
      await eventually(() => sender.requests.length === 2)
      assert.equal(sender.requests[1]?.url.pathname, '/new')
    })

    it('forgives a 410 when it is enabled', async () => {
      await using opened = await openTestStore(kind)
      const { store } = opened
      const sender = new FakeSender([410, 200])
      await using running = startEngine({ store, sender })
      await running.engine.send([anOutboundMessage()])
      await eventually(() => running.engine.endpoints()[0]?.disabledReason !== null)

      await running.engine.enable('webhooks/audit')
      await running.engine.send([anOutboundMessage()])
      await eventually(() => sender.requests.length === 2)

      assert.equal(running.engine.endpoints()[0]?.disabledReason, null)
    })

    it('lets deliveries of a paused endpoint wait until then', async () => {
      const clock = new FakeClock()
      await using opened = await openTestStore(kind, clock)
      const { store } = opened
      const sender = new FakeSender()
      await using running = startEngine({ store, sender, clock })
      await running.engine.send([anOutboundMessage()])
      await eventually(() => sender.requests.length === 1)

      await running.engine.pause('webhooks/audit', clock.now() + hour)
      await running.engine.send([anOutboundMessage()])
      await clock.advance(10_000)
      await quiet()
      assert.equal(sender.requests.length, 1)
      assert.equal((await store.backlog()).pending, 1)

      for (let s = 0; s < 3_600; s += 1) await clock.advance(1_000)
      await eventually(() => sender.requests.length === 2)
    })

    it('leaves deliveries of an unknown endpoint untried until it is known', async () => {
      await using opened = await openTestStore(kind)
      const { store } = opened
      const sender = new FakeSender()
      await using running = startEngine({ store, sender, endpoints: [] })

      await running.engine.send([anOutboundMessage()])
      await quiet()
      const untried = await onlyDelivery(store)
      running.engine.endpoint(anEndpoint())
      await eventually(async () => (await onlyDelivery(store)).state === 'delivered')

      assert.equal(untried.state, 'pending')
      assert.equal(untried.attempts, 0)
    })

    it('gives what waits back when an endpoint goes, and sends it when the endpoint returns', async () => {
      await using opened = await openTestStore(kind)
      const { store } = opened
      const held = gate()
      const sender = new FakeSender([held.answer, 200])
      await using running = startEngine({ store, sender, endpoints: [] })
      const known = running.engine.endpoint(anEndpoint({ concurrency: 1 }))
      await running.engine.send([1, 2, 3].map(() => anOutboundMessage()))
      await eventually(() => sender.requests.length === 1)

      known[Symbol.dispose]()
      await eventually(async () => (await store.backlog()).pending === 2)
      held.open()
      await eventually(async () => (await store.backlog()).sending === 0)
      assert.equal(
        sender.requests.length,
        1,
        'what was under way is finished, nothing else is sent',
      )

      running.engine.endpoint(anEndpoint({ url: 'http://audit.test/moved' }))
      await eventually(async () => (await store.backlog()).pending === 0)
      assert.deepEqual(
        sender.requests.map(({ url }) => url.pathname),
        ['/hook', '/moved', '/moved'],
      )
    })

    it('tells its observer what it accepts, tries and settles', async () => {
      await using opened = await openTestStore(kind)
      const seen: string[] = []
      const stored: string[] = []
      const observe: DeliveryObserver = {
        accepted: (deliveries) => seen.push(`accepted ${deliveries}`),
        attempted: ({ outcome, endpoint, number }) => seen.push(`${outcome} ${endpoint} ${number}`),
        settled: (state, endpoint) => seen.push(`settled ${state} ${endpoint}`),
        circuit: (endpoint, state) => seen.push(`circuit ${state} ${endpoint}`),
        redelivered: (deliveries, skipped) => seen.push(`redelivered ${deliveries}, ${skipped}`),
        stored: (operation, _tookMs, deliveries) => stored.push(`${operation} ${deliveries}`),
      }
      const sender = new FakeSender([noConnection, 200])
      const retry = { ...retryPolicies.awa, baseMs: 1, jitter: 'none' } as const
      const circuitBreaker = { failureThreshold: 1, recoveryTimeoutMs: 1, count5xx: false }
      const endpoints = [anEndpoint({ retry, circuitBreaker })]
      await using running = startEngine({ store: opened.store, sender, observe, endpoints })

      await running.engine.send([anOutboundMessage()])
      await eventually(() => seen.includes('settled delivered webhooks/audit'))

      assert.deepEqual(seen, [
        'accepted 1',
        'circuit open webhooks/audit',
        'retryable webhooks/audit 1',
        'circuit half-open webhooks/audit',
        'circuit closed webhooks/audit',
        'delivered webhooks/audit 2',
        'settled delivered webhooks/audit',
      ])
      assert.deepEqual(
        stored.filter((each) => each !== 'claim 0'),
        ['enqueue 1', 'claim 1', 'settle 1', 'claim 1', 'settle 1'],
      )
    })

    it('sends what a key orders one after another, whatever fails', async () => {
      await using opened = await openTestStore(kind)
      const { store } = opened
      const seen: string[] = []
      let calls = 0
      const sender = new FakeSender([
        (request) => {
          calls += 1
          if (calls % 3 === 0) return 503
          seen.push(Buffer.from(request.body).toString())
          return 200
        },
      ])
      const retry = { ...retryPolicies.awa, baseMs: 2, factor: 1 }
      await using running = startEngine({ store, sender, endpoints: [anEndpoint({ retry })] })

      const messages = Array.from({ length: 40 }, (_, n) =>
        anOutboundMessage({
          body: Buffer.from(`${n % 4}:${Math.floor(n / 4)}`),
          to: [{ endpoint: 'webhooks/audit', orderKey: String(n % 4) }],
        }),
      )
      for (const message of messages) await running.engine.send([message])
      await eventually(() => seen.length === 40)

      for (const key of ['0', '1', '2', '3']) {
        const order = seen.filter((each) => each.startsWith(`${key}:`)).map((each) => each.slice(2))
        assert.deepEqual(order, ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
      }
    })

    it('delivers far more than it holds at once', async () => {
      await using opened = await openTestStore(kind)
      const { store } = opened
      let atOnce = 0
      let most = 0
      const sender = new FakeSender([
        async () => {
          atOnce += 1
          most = Math.max(most, atOnce)
          await new Promise((resolve) => setImmediate(resolve))
          atOnce -= 1
          return 200
        },
      ])
      await using running = startEngine({ store, sender, window: 20 })

      await running.engine.send(Array.from({ length: 300 }, () => anOutboundMessage()))
      await eventually(
        async () => (await store.backlog()).pending === 0 && sender.requests.length === 300,
      )

      assert.ok(most <= 8, `at most 8 at once, there were ${most}`)
      const ids = new Set(sender.requests.map(({ headers }) => headers['webhook-id']))
      assert.equal(ids.size, 300)
    })

    it('does not let endpoints that hang keep back the others', async () => {
      await using opened = await openTestStore(kind)
      const { store } = opened
      const sender = new FakeSender([
        ({ url, signal }) => (url.hostname.startsWith('hangs') ? untilAborted(signal) : 200),
      ])
      const hanging = Array.from({ length: 10 }, (_, n) =>
        anEndpoint({ id: `w/hangs-${n}`, url: `http://hangs-${n}.test/` }),
      )
      const healthy = anEndpoint({ id: 'w/healthy', url: 'http://healthy.test/' })
      await using running = startEngine({
        store,
        sender,
        window: 16,
        endpoints: [...hanging, healthy],
      })

      const to = [...hanging, healthy].map(({ id }) => ({ endpoint: id }))
      for (let n = 0; n < 20; n += 1) await running.engine.send([anOutboundMessage({ to })])
      const served = (): number =>
        sender.requests.filter(({ url }) => url.hostname === 'healthy.test').length
      await eventually(() => served() === 20)

      assert.equal(served(), 20)
    })

    it('tells response channels what a receiver replied', async () => {
      await using opened = await openTestStore(kind)
      const replies: unknown[] = []
      const sender = new FakeSender([
        aReply(200, { 'content-type': 'text/plain' }, 'thanks'),
        aReply(200),
        aReply(500, {}, 'no'),
      ])
      const onReply = ({
        contentType,
        body,
        depth,
      }: {
        contentType: string
        body: Uint8Array
        depth: number
      }): void => {
        replies.push({ contentType, text: Buffer.from(body).toString(), depth })
      }
      await using running = startEngine({
        store: opened.store,
        sender,
        endpoints: [anEndpoint({ onReply, concurrency: 1 })],
      })

      await running.engine.send([1, 2, 3].map(() => anOutboundMessage({ depth: 2 })))
      await eventually(() => sender.requests.length === 3)
      await quiet()

      assert.deepEqual(replies, [{ contentType: 'text/plain', text: 'thanks', depth: 2 }])
    })

    it('sends a settled message again by hand, under the same id, and writes it down', async () => {
      await using opened = await openTestStore(kind)
      const { store } = opened
      const sender = new FakeSender([404, 200])
      await using running = startEngine({
        store,
        sender,
        endpoints: [anEndpoint({ retry: retryPolicies.axme })],
      })
      await running.engine.send([anOutboundMessage()])
      await eventually(async () => (await onlyDelivery(store)).state === 'dead')
      const dead = await onlyDelivery(store)

      const again = await running.engine.redeliveries.one(dead.id, { actor: 'anna' })
      await eventually(async () => (await store.delivery(again.id))?.delivery.state === 'delivered')

      const [first, second] = sender.requests
      assert.equal(first?.headers['webhook-id'], second?.headers['webhook-id'])
      assert.equal(second?.headers['x-carabiner-redelivery'], dead.id)
      const trail = await store.auditTrail({ action: 'delivery.redelivered' })
      assert.equal(trail.rows[0]?.actor, 'anna')
      assert.equal(trail.rows[0]?.entityId, dead.id)
    })

    it('refuses to redeliver what is not settled, or not there', async () => {
      await using opened = await openTestStore(kind)
      const { store } = opened
      await using running = startEngine({ store, sender: new FakeSender([503]) })
      await running.engine.send([anOutboundMessage()])
      const { id, messageId } = await onlyDelivery(store)

      await assert.rejects(running.engine.redeliveries.one(id, { actor: 'anna' }), {
        code: 'DELIVERY_UNSETTLED',
      })
      const unknown = messageId as unknown as typeof id
      await assert.rejects(running.engine.redeliveries.one(unknown, { actor: 'anna' }), {
        code: 'DELIVERY_UNKNOWN',
      })
    })

    it('cancels what waits, and nothing else', async () => {
      await using opened = await openTestStore(kind)
      const { store } = opened
      await using running = startEngine({ store, sender: new FakeSender([503]) })
      await running.engine.send([anOutboundMessage()])
      await eventually(async () => (await onlyDelivery(store)).attempts === 1)
      const { id } = await onlyDelivery(store)

      assert.equal(await running.engine.cancel(id, { actor: 'anna' }), true)
      assert.equal(await running.engine.cancel(id), false)
      assert.equal(await running.engine.cancel(newDeliveryId()), false)
      const { rows } = await store.auditTrail({})
      assert.deepEqual(
        rows.map(({ action, entityId, actor }) => [action, entityId, actor]),
        [['delivery.cancelled', id, 'anna']],
      )
      assert.equal((await onlyDelivery(store)).state, 'cancelled')
    })

    it('finishes what is being sent at a stop and gives the rest back', async () => {
      await using opened = await openTestStore(kind)
      const { store } = opened
      const held = gate()
      const sender = new FakeSender([held.answer])
      await using running = startEngine({
        store,
        sender,
        endpoints: [anEndpoint({ concurrency: 2 })],
      })
      await running.engine.send(Array.from({ length: 6 }, () => anOutboundMessage()))
      await eventually(() => sender.requests.length === 2)

      const stopped = running.engine.stop(5_000)
      held.open()
      await stopped

      const states = (await allDeliveries(store)).map(({ state }) => state)
      assert.deepEqual(states.sort(), ['delivered', 'delivered', ...Array(4).fill('pending')])
    })

    it('gives back what is still being sent when the time of a stop is over', async () => {
      await using opened = await openTestStore(kind)
      const { store } = opened
      const sender = new FakeSender([({ signal }) => untilAborted(signal)])
      await using running = startEngine({ store, sender })
      await running.engine.send([anOutboundMessage()])
      await eventually(() => sender.requests.length === 1)

      await running.engine.stop(1)

      const row = await onlyDelivery(store)
      assert.equal(row.state, 'pending')
      assert.equal(row.attempts, 0)
    })

    it('refuses a body over the limit, naming both sizes', async () => {
      await using opened = await openTestStore(kind)
      await using running = startEngine({
        store: opened.store,
        sender: new FakeSender(),
        bodyLimit: 10,
      })

      await assert.rejects(running.engine.send([anOutboundMessage({ body: Buffer.alloc(11) })]), {
        code: 'MESSAGE_TOO_LARGE',
        message: /has 11 bytes, the limit is 10 \(host\.deliveries\.body_limit\)/,
      })
      assert.deepEqual(await allDeliveries(opened.store), [])
    })

    it('sends nothing any more once max_time is over', async () => {
      const clock = new FakeClock()
      await using opened = await openTestStore(kind, clock)
      const { store } = opened
      const sender = new FakeSender([noConnection])
      const endpoint = anEndpoint({ retry: retryPolicies.servo })
      const before = startEngine({ store, sender, clock, endpoints: [endpoint], start: false })
      await before.engine.send([anOutboundMessage()])
      await clock.advance(181_000)

      await using running = startEngine({ store, sender, clock, endpoints: [endpoint] })
      await eventually(async () => (await onlyDelivery(store)).state === 'dead')

      assert.equal(sender.requests.length, 0)
      assert.equal((await onlyDelivery(store)).lastError, 'not sent; max_time 3m is over')
      assert.ok(running.log.length > 0)
    })
  })
}
