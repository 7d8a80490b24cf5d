import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { retryPolicies } from '../../src/delivery/retry-policy.ts'
import { type MessageId, newMessageId } from '../../src/ids.ts'
import type { Rate } from '../../src/quantity/rate.ts'
import { openStore } from '../../src/store/open-store.ts'
import {
  allDeliveries,
  anEndpoint,
  anOutboundMessage,
  eventually,
  openTestStore,
  openTestUrl,
  quiet,
  startEngine,
} from '../helpers/engine.ts'
import { type FailureKind, failingStore } from '../helpers/failing-store.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { FakeSender, gate } from '../helpers/fake-sender.ts'

const retry = { ...retryPolicies.awa, baseMs: 1_000, factor: 1, jitter: 'none' } as const

interface Run {
  readonly calls: number
}

/** Sends ten messages through a store of which one call fails; everything that was accepted has to arrive, once. */
async function runWithFailure(at: number, kind: FailureKind, rate: Rate | undefined): Promise<Run> {
  const clock = new FakeClock()
  await using opened = await openTestStore('memory', clock)
  const failing = failingStore(opened.store, (index) => (index === at ? kind : undefined))
  const sender = new FakeSender([503, 200, 503, 200])
  await using running = startEngine({
    store: failing.store,
    sender,
    clock,
    endpoints: [anEndpoint({ retry, concurrency: 1, rate })],
  })

  const accepted = new Set<string>()
  const refused = new Set<string>()
  for (let n = 0; n < 10; n += 1) {
    const id: MessageId = newMessageId()
    const to = [{ endpoint: 'webhooks/audit', ...(n % 3 === 0 ? { orderKey: 'k' } : {}) }]
    await running.engine.send([anOutboundMessage({ id, to })]).then(
      () => accepted.add(id),
      () => refused.add(id),
    )
    await quiet(2)
  }
  for (let s = 0; s < 50; s += 1) {
    await clock.advance(1_000)
    await quiet(2)
  }

  const rows = await allDeliveries(opened.store)
  for (const row of rows)
    assert.equal(row.state, 'delivered', `${kind} call ${at}: ${row.lastError}`)
  for (const id of accepted) assert.ok(rows.some(({ messageId }) => messageId === id))
  for (const [id, times] of failing.settled)
    assert.equal(times, 1, `${id} was settled ${times} times`)
  assert.equal(failing.settled.size, rows.length)
  assert.equal(
    sender.requests.length,
    rows.length + 2,
    'each once, and the two that were answered 503',
  )
  assert.ok(refused.size <= 1)
  return { calls: failing.calls.length }
}

/** A clock whose time of day is set while it runs. */
class SteppedClock extends FakeClock {
  #offset = 0

  override now(): number {
    return super.now() + this.#offset
  }

  step(ms: number): void {
    this.#offset += ms
  }
}

describe('DeliveryEngine when the store fails', () => {
  for (const kind of ['before', 'after'] as const) {
    for (const rate of [undefined, { count: 5, perMs: 1_000 }]) {
      const which = rate === undefined ? 'without a rate' : 'with a rate'
      it(`settles everything once, whichever call fails (${kind} it was done, ${which})`, async () => {
        const { calls } = await runWithFailure(Number.POSITIVE_INFINITY, kind, rate)
        assert.ok(calls > 40, `the run makes ${calls} calls`)

        for (let at = 0; at < 60; at += 1) await runWithFailure(at, kind, rate)
      })
    }
  }

  it('keeps what was answered while the store is away, and settles it when it is back', async () => {
    const clock = new FakeClock()
    await using opened = await openTestStore('sqlite', clock)
    const failing = failingStore(opened.store)
    const held = gate()
    const sender = new FakeSender([held.answer, 200])
    await using running = startEngine({ store: failing.store, sender, clock })
    await running.engine.send([anOutboundMessage()])
    await eventually(() => sender.requests.length === 1)

    failing.away = true
    held.open()
    for (let s = 0; s < 60; s += 1) await clock.advance(1_000)
    await eventually(() => failing.calls.includes('settle'))
    assert.throws(() => running.engine.outbox.ready(), { code: 'STORE_UNAVAILABLE' })
    assert.equal((await running.engine.health()).ok, false)

    failing.away = false
    for (let s = 0; s < 60; s += 1) {
      await clock.advance(1_000)
      await quiet(2)
    }
    await running.engine.outbox.ready()
    assert.deepEqual(await running.engine.health(), { ok: true })
    assert.equal(sender.requests.length, 1, 'it was not sent again')
    assert.equal((await allDeliveries(opened.store))[0]?.state, 'delivered')
  })

  it('sends again what a host that died had under way, under the same id and with the same body', async () => {
    const clock = new FakeClock()
    await using opened = await openTestStore('sqlite', clock)
    await using otherStore = await openTestUrl(opened.url, clock)
    const dead = failingStore(opened.store)
    const first = new FakeSender([gate().answer])
    const setup = { clock, endpoints: [anEndpoint()] }
    const dying = startEngine({ ...setup, store: dead.store, sender: first })
    await dying.engine.send([anOutboundMessage()])
    await eventually(() => first.requests.length === 1)
    dead.away = true

    const second = new FakeSender()
    await using living = startEngine({ ...setup, store: otherStore, sender: second })
    let waitedS = 0
    while (second.requests.length === 0 && waitedS < 60) {
      await clock.advance(1_000)
      await quiet(5)
      waitedS += 1
    }

    assert.ok(waitedS <= 16, `taken over after ${waitedS} s`)
    assert.equal(
      first.requests[0]?.headers['webhook-id'],
      second.requests[0]?.headers['webhook-id'],
    )
    assert.deepEqual(first.requests[0]?.body, second.requests[0]?.body)
    assert.ok(
      living.log.some(({ message }) => message === 'deliveries of a dead host are due again'),
    )
    const stopping = dying.engine.stop(0)
    for (let s = 0; s < 12; s += 1) await clock.advance(1_000)
    await stopping
  })

  it('keeps the lease of a request that takes longer than three of them', async () => {
    const clock = new FakeClock()
    await using opened = await openTestStore('sqlite', clock)
    await using otherStore = await openTestUrl(opened.url, clock)
    const held = gate()
    const sender = new FakeSender([held.answer, 200])
    const setup = { clock, sender, endpoints: [anEndpoint({ timeoutMs: 200_000 })] }
    await using one = startEngine({ ...setup, store: opened.store })
    await using two = startEngine({ ...setup, store: otherStore })
    await one.engine.send([anOutboundMessage()])
    await eventually(() => sender.requests.length === 1)

    for (let s = 0; s < 100; s += 1) {
      await clock.advance(1_000)
      await quiet(2)
    }
    held.open()
    await eventually(async () => (await opened.store.backlog()).sending === 0)

    assert.equal(sender.requests.length, 1)
    const lines = [...one.log, ...two.log].map(({ message }) => message)
    assert.ok(!lines.includes('deliveries of a dead host are due again'), 'no lease has ended')
  })

  it('sends nothing on leases that a step of the clock has ended, until it has them anew', async () => {
    const clock = new SteppedClock()
    await using opened = await openTestStore('sqlite', clock)
    const held = gate()
    const sender = new FakeSender([held.answer, 200])
    const endpoints = [anEndpoint({ concurrency: 1 })]
    await using running = startEngine({ store: opened.store, sender, clock, endpoints })
    await running.engine.send([anOutboundMessage(), anOutboundMessage()])
    await eventually(() => sender.requests.length === 1)

    clock.step(3_600_000)
    held.open()
    await quiet()
    assert.equal(sender.requests.length, 1, 'the second waits for a lease that holds')
    for (let s = 0; s < 5; s += 1) {
      await clock.advance(1_000)
      await quiet()
    }

    assert.equal(sender.requests.length, 2)
    assert.deepEqual(
      (await allDeliveries(opened.store)).map(({ state }) => state),
      ['delivered', 'delivered'],
    )
  })

  it('obeys within a second what another process says of an endpoint', async () => {
    const clock = new FakeClock()
    await using opened = await openTestStore('sqlite', clock)
    await using otherStore = await openTestUrl(opened.url, clock)
    const sender = new FakeSender()
    await using running = startEngine({ store: opened.store, sender, clock })
    await running.engine.send([anOutboundMessage()])
    await eventually(() => sender.requests.length === 1)

    await otherStore.updateEndpoint('webhooks/audit', { pausedUntil: clock.now() + 3_600_000 })
    for (let n = 0; n < 2; n += 1) {
      await clock.advance(500)
      await quiet()
    }
    await running.engine.send([anOutboundMessage()])
    await quiet()
    assert.equal(sender.requests.length, 1)

    await otherStore.updateEndpoint('webhooks/audit', { pausedUntil: null })
    for (let n = 0; n < 2; n += 1) {
      await clock.advance(500)
      await quiet()
    }
    assert.equal(sender.requests.length, 2)
  })

  it('never sends a delivery twice from two hosts on one file', async () => {
    await using opened = await openTestStore('sqlite')
    await using otherStore = await openStore(opened.url)
    const sender = new FakeSender([
      async (_, index) => {
        await new Promise((resolve) => setImmediate(resolve))
        return index % 7 === 0 ? 503 : 200
      },
    ])
    const quick = { ...retry, baseMs: 5 }
    const endpoints = ['a', 'b', 'c'].map((id) => anEndpoint({ id, retry: quick }))
    await using one = startEngine({ store: opened.store, sender, endpoints })
    await using two = startEngine({ store: otherStore, sender, endpoints })

    const to = endpoints.map(({ id }) => ({ endpoint: id }))
    for (let n = 0; n < 60; n += 1) {
      await (n % 2 === 0 ? one : two).engine.send([anOutboundMessage({ to })])
    }
    await eventually(async () => {
      return (await opened.store.backlog()).oldestPendingAt === null
    })

    const rows = await allDeliveries(opened.store)
    assert.equal(rows.length, 180)
    const tries = rows.reduce((sum, row) => sum + row.attempts, 0)
    assert.equal(sender.requests.length, tries, 'every request is an attempt of one delivery')
  })

  it('does not double what waits when the same endpoints come back after a restart or a reload', async () => {
    await using opened = await openTestStore('sqlite')
    const held = gate()
    const sender = new FakeSender([held.answer, 200])
    const first = startEngine({
      store: opened.store,
      sender,
      endpoints: [anEndpoint({ concurrency: 1 })],
    })
    await first.engine.send([1, 2, 3].map(() => anOutboundMessage()))
    await eventually(() => sender.requests.length === 1)
    first.engine.endpoint(anEndpoint({ concurrency: 1 }))
    held.open()
    await eventually(() => sender.requests.length === 3)
    await first.engine.stop(1_000)

    await using second = startEngine({ store: opened.store, sender })
    await quiet()

    assert.equal(sender.requests.length, 3)
    assert.equal(second.engine.endpoints().length, 1)
    const ids = new Set(sender.requests.map(({ headers }) => headers['webhook-id']))
    assert.equal(ids.size, 3)
  })
})
