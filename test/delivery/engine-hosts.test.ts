import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import { retryPolicies } from '../../src/delivery/retry-policy.ts'
import { createUndiciSender } from '../../src/delivery/senders/undici-sender.ts'
import type { Store } from '../../src/store/store.ts'
import {
  allDeliveries,
  anEndpoint,
  anOutboundMessage,
  type EngineSetup,
  eventually,
  openTestStore,
  openTestUrl,
  quiet,
  startEngine,
} from '../helpers/engine.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { FakeSender, noConnection } from '../helpers/fake-sender.ts'
import { receiver } from '../helpers/receiver.ts'
import { LoopDelay } from '../soak/loop-delay.ts'
import { mostWithin } from '../soak/shared-rate.ts'

/** Three engines, each with a store of its own on one file. */
async function threeHosts(setup: Omit<EngineSetup, 'store'>) {
  const stack = new AsyncDisposableStack()
  const { clock } = setup
  const opened = stack.use(await openTestStore('sqlite', clock))
  const stores: Store[] = [opened.store]
  for (let n = 1; n < 3; n += 1) {
    stores.push(stack.use(await openTestUrl(opened.url, clock)))
  }
  const hosts = stores.map((store) => stack.use(startEngine({ ...setup, store })))
  return {
    store: opened.store,
    hosts,
    async send(count: number): Promise<void> {
      for (let n = 0; n < count; n += 1) {
        await hosts[n % hosts.length]?.engine.send([anOutboundMessage()])
      }
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

describe('three hosts on one store', () => {
  it('keep the rate of an endpoint together, to the request', async () => {
    const clock = new FakeClock()
    const times: number[] = []
    const sender = new FakeSender([
      () => {
        times.push(clock.now())
        return 200
      },
    ])
    const endpoints = [anEndpoint({ rate: { count: 50, perMs: 1_000 } })]
    await using running = await threeHosts({ sender, clock, endpoints })
    await running.send(230)

    for (let ms = 0; ms < 4_000; ms += 10) {
      await clock.advance(10)
      await quiet(3)
    }

    assert.ok(mostWithin(times, 1_000) <= 52, `${mostWithin(times, 1_000)} within a second`)
    assert.ok(times.length >= 160, `only ${times.length} in four seconds`)
    const rows = await allDeliveries(running.store)
    assert.ok(rows.every(({ attempts, lastError }) => attempts <= 1 && lastError === null))
  })

  it('keep the rate at a real receiver', async () => {
    await using to = await receiver()
    const egress = { default: 'trusted', allow: [], http: true, ports: 'any', proxy: null } as const
    await using sender = createUndiciSender({ clock: systemClock, egress })
    const endpoints = [anEndpoint({ url: to.url, rate: { count: 50, perMs: 1_000 } })]
    await using running = await threeHosts({ sender, endpoints })
    using loop = new LoopDelay()
    const startedAt = performance.now()

    await running.send(190)
    await eventually(() => to.received.length === 190)

    const times = to.received.map(({ at }) => at)
    // What was let through in time comes late when this process has no processor, and then with what follows.
    const lateMs = loop.longest(startedAt, performance.now())
    const most = mostWithin(times, 1_000)
    assert.ok(most <= 55 + (2 * lateMs * 50) / 1_000, `${most} within a second`)
    assert.ok(Math.max(...times) - Math.min(...times) >= 3_000)
  })

  it('leave what an exhausted rate keeps waiting to the store, and no try is used up', async () => {
    const clock = new FakeClock()
    const sender = new FakeSender()
    const endpoints = [anEndpoint({ rate: { count: 1, perMs: 60_000 } })]
    await using running = await threeHosts({ sender, clock, endpoints })
    await running.send(6)
    await quiet()

    const waiting = await running.store.backlog()
    for (let s = 0; s < 200; s += 5) {
      await clock.advance(5_000)
      await quiet(3)
    }

    assert.deepEqual(
      { pending: waiting.pending, sending: waiting.sending },
      { pending: 5, sending: 0 },
    )
    assert.equal(sender.requests.length, 4)
    const rows = await allDeliveries(running.store)
    assert.deepEqual(
      rows.filter(({ state }) => state === 'pending').map(({ attempts }) => attempts),
      [0, 0],
    )
  })

  it('send one probe for each recovery time, use up no try meanwhile, and come back no faster than allowed', async () => {
    const clock = new FakeClock()
    let isUp = false
    let atOnce = 0
    let most = 0
    const sender = new FakeSender([
      async () => {
        if (!isUp) return noConnection
        atOnce += 1
        most = Math.max(most, atOnce)
        await new Promise((resolve) => setImmediate(resolve))
        atOnce -= 1
        return 200
      },
    ])
    const circuitBreaker = { failureThreshold: 3, recoveryTimeoutMs: 30_000, count5xx: false }
    const retry = { ...retryPolicies.awa, baseMs: 1_000, factor: 1, jitter: 'none' } as const
    const endpoints = [anEndpoint({ retry, circuitBreaker, concurrency: 2 })]
    await using running = await threeHosts({ sender, clock, endpoints })
    await running.send(60)
    const isOpen = (): boolean =>
      running.hosts.every(({ engine }) => engine.endpoints()[0]?.circuit !== 'closed')
    for (let s = 0; s < 5; s += 1) {
      await clock.advance(1_000)
      await quiet(5)
    }
    assert.ok(isOpen(), 'all hosts know that it is open')
    const before = sender.requests.length

    for (let s = 0; s < 300; s += 1) {
      await clock.advance(1_000)
      await quiet(3)
    }
    const probes = sender.requests.length - before
    isUp = true
    await eventually(async () => {
      await clock.advance(100)
      return (await running.store.backlog()).pending === 0
    })
    await eventually(async () => (await running.store.backlog()).sending === 0)

    assert.ok(probes >= 8 && probes <= 10, `${probes} probes in 300 s`)
    const rows = await allDeliveries(running.store)
    const tries = rows.reduce((sum, { attempts }) => sum + attempts, 0)
    assert.equal(tries, sender.requests.length, 'every try was a request')
    assert.ok(rows.every(({ state }) => state === 'delivered'))
    assert.ok(most <= 6, `${most} at once over three hosts of two each`)
  })

  it('send nothing twice, whatever is answered', async () => {
    const sender = new FakeSender([
      async (_, index) => {
        await new Promise((resolve) => setImmediate(resolve))
        return index % 7 === 0 ? 503 : 200
      },
    ])
    const retry = { ...retryPolicies.awa, baseMs: 5, factor: 1, jitter: 'none' } as const
    await using running = await threeHosts({ sender, endpoints: [anEndpoint({ retry })] })

    await running.send(200)
    await eventually(async () => {
      return (await running.store.backlog()).oldestPendingAt === null
    })

    const rows = await allDeliveries(running.store)
    const tries = rows.reduce((sum, { attempts }) => sum + attempts, 0)
    assert.equal(rows.length, 200)
    assert.equal(sender.requests.length, tries, 'every request is an attempt of one delivery')
    assert.ok(rows.every(({ state }) => state === 'delivered'))
  })
})

describe('word of other processes', () => {
  it('is followed at once, though not without rest', async () => {
    const clock = new FakeClock()
    await using opened = await openTestStore('sqlite', clock)
    await using other = await openTestUrl(opened.url, clock)
    let tell = (): void => assert.fail('nobody listens')
    let claims = 0
    const store = new Proxy(opened.store, {
      get(target, property) {
        if (property === 'onChange') {
          return (listener: () => void) => {
            tell = listener
            return { [Symbol.dispose]() {} }
          }
        }
        if (property === 'claim') claims += 1
        const value: unknown = Reflect.get(target, property, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const sender = new FakeSender()
    await using _running = startEngine({ store, sender, clock })
    const endpoints = [anEndpoint()]
    await using publisher = startEngine({ store: other, sender, clock, endpoints, start: false })
    await quiet()
    await clock.advance(20)
    await quiet()

    await publisher.engine.send([anOutboundMessage()])
    await quiet()
    const before = sender.requests.length
    tell()
    await eventually(() => sender.requests.length === 1)

    const claimed = claims
    for (let n = 0; n < 100; n += 1) tell()
    await quiet()
    assert.equal(before, 0)
    assert.ok(
      claims - claimed <= 1,
      `${claims - claimed} claims for word that came again and again`,
    )
  })
})
