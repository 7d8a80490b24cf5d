import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { circuitSignalOf } from '../../src/delivery/attempt-outcome.ts'
import {
  type Circuit,
  circuitAfter,
  closedCircuit,
  probing,
} from '../../src/delivery/circuit-breaker.ts'
import { retryPolicies } from '../../src/delivery/retry-policy.ts'
import type { NoReplyCause, Reply } from '../../src/delivery/sender.ts'
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
import { FakeClock } from '../helpers/fake-clock.ts'
import { aReply, FakeSender, noConnection } from '../helpers/fake-sender.ts'

const options = { failureThreshold: 3, recoveryTimeoutMs: 30_000, count5xx: false }

describe('circuitAfter', () => {
  it('opens after that many failures in a row, not before', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('success' as const, 'failure' as const, 'neutral' as const)),
        (signals) => {
          let circuit: Circuit = closedCircuit
          let inARow = 0
          for (const signal of signals) {
            if (circuit.state !== 'closed') return
            circuit = circuitAfter(circuit, signal, options, 0)
            if (signal === 'success') inARow = 0
            if (signal === 'failure') inARow += 1
            assert.equal(circuit.state === 'open', inARow >= 3)
          }
        },
      ),
    )
  })

  it('closes when the probe works and opens again when it does not', () => {
    const open: Circuit = { state: 'open', consecutiveFailures: 3, probeAt: 100 }
    const half = probing(open, 30_100)

    assert.equal(half.state, 'half-open')
    assert.deepEqual(circuitAfter(half, 'success', options, 200), closedCircuit)
    assert.deepEqual(circuitAfter(half, 'failure', options, 200), {
      state: 'open',
      consecutiveFailures: 4,
      probeAt: 30_200,
    })
    assert.equal(circuitAfter(half, 'neutral', options, 200).state, 'open')
  })

  it('does not put the probe off for requests that were under way when it opened', () => {
    const open: Circuit = { state: 'open', consecutiveFailures: 3, probeAt: 100 }

    assert.equal(circuitAfter(open, 'failure', options, 90), open)
  })
})

describe('circuitSignalOf', () => {
  const broken = (error: NoReplyCause, status?: number): Reply => ({
    kind: 'no-reply',
    error,
    message: error,
    ...(status === undefined ? {} : { head: { status, statusText: '', headers: [] } }),
    timings: { totalMs: 1 },
  })
  const table: readonly (readonly [string, Reply, string, string])[] = [
    ['200', aReply(200), 'success', 'success'],
    ['404', aReply(404), 'success', 'success'],
    ['503', aReply(503), 'success', 'failure'],
    ['no connection', broken('connect'), 'failure', 'failure'],
    ['a timeout', broken('timeout'), 'failure', 'failure'],
    ['a reply cut off', broken('cut-off', 200), 'failure', 'failure'],
    ['no HTTP', broken('protocol'), 'failure', 'failure'],
    ['a reply over the limit', broken('over-limit', 200), 'success', 'success'],
    ['a request given up', broken('aborted'), 'neutral', 'neutral'],
    ['a refusal of the guard', broken('egress'), 'neutral', 'neutral'],
  ]
  for (const [name, reply, usually, counting5xx] of table) {
    it(`takes ${name} as ${usually}, with count_5xx as ${counting5xx}`, () => {
      assert.equal(circuitSignalOf(reply, false), usually)
      assert.equal(circuitSignalOf(reply, true), counting5xx)
    })
  }
})

describe('an open circuit', () => {
  it('left in the store by an earlier assembly does not hold up an endpoint without a breaker', async () => {
    await using opened = await openTestStore('memory')
    await opened.store.updateEndpoint('webhooks/audit', {
      circuit: 'open',
      probeAt: Date.now() + 3_600_000,
    })
    const sender = new FakeSender()
    const endpoints = [anEndpoint({ circuitBreaker: false })]
    await using running = startEngine({ store: opened.store, sender, endpoints })

    await running.engine.send([1, 2, 3].map(() => anOutboundMessage()))
    await eventually(() => sender.requests.length === 3)
  })

  it('uses up no try, lets one probe through, and everything once that works', async () => {
    const clock = new FakeClock()
    await using opened = await openTestStore('sqlite', clock)
    const { store } = opened
    let isUp = false
    const sender = new FakeSender([() => (isUp ? 200 : noConnection)])
    const retry = { ...retryPolicies.awa, baseMs: 1_000, factor: 1, jitter: 'none' } as const
    const endpoint = anEndpoint({ retry, circuitBreaker: options })
    await using running = startEngine({ store, sender, clock, endpoints: [endpoint] })

    await running.engine.send([1, 2, 3].map(() => anOutboundMessage()))
    await eventually(() => running.engine.endpoints()[0]?.circuit === 'open')
    await quiet()
    await running.engine.send([1, 2, 3].map(() => anOutboundMessage()))
    for (let s = 0; s < 29; s += 1) await clock.advance(1_000)
    await quiet()
    assert.equal(sender.requests.length, 3, 'nothing is sent while it is open')

    for (let s = 0; s < 3; s += 1) await clock.advance(1_000)
    await quiet()
    assert.equal(sender.requests.length, 4, 'one probe')
    assert.equal(running.engine.endpoints()[0]?.circuit, 'open')

    isUp = true
    for (let s = 0; s < 31; s += 1) {
      await clock.advance(1_000)
      await quiet(3)
    }
    await eventually(async () => (await store.backlog()).pending === 0)
    assert.equal(running.engine.endpoints()[0]?.circuit, 'closed')
    assert.equal(sender.requests.length, 10)
    const attempts = (await allDeliveries(store)).reduce((sum, row) => sum + row.attempts, 0)
    assert.equal(attempts, 10, 'what was not sent was no try')
  })

  it('survives a restart and is seen by every host on the store', async () => {
    const clock = new FakeClock()
    await using opened = await openTestStore('sqlite', clock)
    const { store } = opened
    const endpoint = anEndpoint({ circuitBreaker: options })
    const setup = { store, clock, endpoints: [endpoint] }
    const first = startEngine({ ...setup, sender: new FakeSender([noConnection]) })
    await first.engine.send([1, 2, 3].map(() => anOutboundMessage()))
    await eventually(() => first.engine.endpoints()[0]?.circuit === 'open')
    await first.engine.stop(0)

    const sender = new FakeSender()
    await using second = startEngine({ ...setup, sender })
    await second.engine.send([anOutboundMessage()])
    await quiet()

    assert.equal(second.engine.endpoints()[0]?.circuit, 'open')
    assert.equal(sender.requests.length, 0)
  })

  it('is a try under a policy that counts it', async () => {
    const clock = new FakeClock()
    await using opened = await openTestStore('sqlite', clock)
    const { store } = opened
    const endpoint = anEndpoint({
      retry: { ...retryPolicies.pyfly, maxTries: 2, baseMs: 1_000 },
      circuitBreaker: { ...options, failureThreshold: 1 },
    })
    const sender = new FakeSender([noConnection])
    await using running = startEngine({ store, sender, clock, endpoints: [endpoint] })

    await running.engine.send([anOutboundMessage()])
    await eventually(() => running.engine.endpoints()[0]?.circuit === 'open')
    await quiet()
    for (let n = 0; n < 4; n += 1) {
      await clock.advance(500)
      await quiet()
    }
    await eventually(async () => (await store.backlog()).dead === 1)

    assert.equal(sender.requests.length, 1)
    const [row] = await allDeliveries(store)
    assert.equal(row?.attempts, 2)
    assert.equal(row?.lastError, 'circuit open; gave up after 2 tries')
  })

  it('has one probe over all hosts', async () => {
    const clock = new FakeClock()
    await using opened = await openTestStore('sqlite', clock)
    await using other = await openTestUrl(opened.url, clock)
    const sender = new FakeSender([noConnection])
    const retry = { ...retryPolicies.awa, baseMs: 1, factor: 1, jitter: 'none' } as const
    const setup = { sender, clock, endpoints: [anEndpoint({ retry, circuitBreaker: options })] }
    await using a = startEngine({ ...setup, store: opened.store })
    await using b = startEngine({ ...setup, store: other })
    await a.engine.send([1, 2, 3].map(() => anOutboundMessage()))
    await eventually(() => a.engine.endpoints()[0]?.circuit === 'open')
    for (let s = 0; s < 2; s += 1) {
      await clock.advance(1_000)
      await quiet()
    }
    const before = sender.requests.length
    assert.equal(b.engine.endpoints()[0]?.circuit, 'open')

    for (let s = 0; s < 31; s += 1) {
      await clock.advance(1_000)
      await quiet(5)
    }

    assert.equal(sender.requests.length, before + 1)
  })
})
