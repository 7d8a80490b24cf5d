import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'
import type { AdmissionVerdict, DeliveryAtHand } from '../../src/delivery/delivery-at-hand.ts'
import type { DeliveryObserver } from '../../src/delivery/delivery-observer.ts'
import type { EndpointDefinition } from '../../src/delivery/endpoint.ts'
import { retryPolicies } from '../../src/delivery/retry-policy.ts'
import { CarabinerError } from '../../src/errors.ts'
import { newMessageId } from '../../src/ids.ts'
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
import { FakeClock } from '../helpers/fake-clock.ts'
import { FakeSender, noConnection } from '../helpers/fake-sender.ts'
import { nodeEnvironment } from '../helpers/node-environment.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const retry = { ...retryPolicies.awa, baseMs: 1_000, factor: 1, jitter: 'none' } as const

/** An endpoint that says what the list says, the last again and again, and what it was asked about. */
function asking(
  verdicts: readonly (AdmissionVerdict | (() => AdmissionVerdict | Promise<AdmissionVerdict>))[],
  fields: Partial<EndpointDefinition> = {},
): { readonly endpoint: EndpointDefinition; readonly asked: DeliveryAtHand[] } {
  const asked: DeliveryAtHand[] = []
  const admit = (delivery: DeliveryAtHand): AdmissionVerdict | Promise<AdmissionVerdict> => {
    const verdict = verdicts[Math.min(asked.push(delivery), verdicts.length) - 1]
    if (verdict === undefined) throw new TypeError('no verdict')
    return typeof verdict === 'function' ? verdict() : verdict
  }
  return { endpoint: anEndpoint({ retry, admit, ...fields }), asked }
}

/** A verdict that is given when the test says so. */
function later(): {
  readonly verdict: () => Promise<AdmissionVerdict>
  say(v: AdmissionVerdict): void
} {
  const { promise, resolve } = Promise.withResolvers<AdmissionVerdict>()
  return { verdict: () => promise, say: resolve }
}

function observer(settled: (state: string) => void): DeliveryObserver {
  const ignore = (): void => undefined
  return {
    accepted: ignore,
    attempted: ignore,
    settled,
    circuit: ignore,
    redelivered: ignore,
    stored: ignore,
  }
}

describe('an endpoint that is asked whether a delivery is sent', () => {
  it('sees the delivery as it is, before each request', async () => {
    const clock = new FakeClock()
    await using opened = await openTestStore('memory', clock)
    const { endpoint, asked } = asking([{ kind: 'go' }])
    const sender = new FakeSender([503, 200])
    await using running = startEngine({ store: opened.store, sender, clock, endpoints: [endpoint] })
    const id = newMessageId()
    const message = anOutboundMessage({ id, tenant: 't', headers: { 'x-event': 'e' }, depth: 2 })

    await running.engine.send([message])
    await eventually(() => sender.requests.length === 1)
    await clock.advance(1_000)
    await eventually(() => sender.requests.length === 2)

    const [first, second] = asked
    assert.deepEqual([first?.attempts, second?.attempts], [0, 1])
    assert.deepEqual([first?.lastError, second?.lastError], [null, '503'])
    assert.deepEqual([first?.messageId, first?.endpoint], [id, 'webhooks/audit'])
    const { tenant, headers, depth, body, traceId } = first?.message ?? {}
    assert.deepEqual([tenant, headers, depth], ['t', { 'x-event': 'e' }, 2])
    assert.deepEqual([String(Buffer.from(body ?? [])), traceId], ['{"a":1}', message.traceId])
    assert.equal(second?.id, first?.id)
  })

  it('may cancel it: nothing is sent, and it is settled with the reason, logged and counted', async () => {
    await using opened = await openTestStore('memory')
    const { endpoint } = asking([{ kind: 'cancel', reason: 'vetoed by legal' }])
    const sender = new FakeSender()
    const counted: string[] = []
    const ends: string[] = []
    const observe = observer((state) => counted.push(state))
    const trace = {
      begin: () => ({
        attempt: () => ({ traceparent: '', end: () => ends.push('attempt') }),
        end: ({ next }: { next: { kind: string } }) => ends.push(next.kind),
        abandon: () => ends.push('abandoned'),
      }),
    }
    const setup = { store: opened.store, sender, endpoints: [endpoint], observe, trace }
    await using running = startEngine(setup)

    const [sent] = await running.engine.send([anOutboundMessage()], {
      wait: { ms: 60_000, until: 'settled' },
    })

    assert.deepEqual(
      [sent?.state, sent?.lastError, sent?.attempts],
      ['cancelled', 'vetoed by legal', 0],
    )
    assert.ok(sent?.settledAt)
    assert.equal(sender.requests.length, 0)
    assert.deepEqual(counted, ['cancelled'])
    assert.deepEqual(ends, ['cancelled'])
    const line = running.log.find(({ message }) => message === 'cancelled')
    assert.deepEqual([line?.level, line?.fields['reason']], ['info', 'vetoed by legal'])
    const [row] = await allDeliveries(opened.store)
    assert.deepEqual([row?.state, row?.lastError], ['cancelled', 'vetoed by legal'])
  })

  it('may say that it is dead', async () => {
    await using opened = await openTestStore('memory')
    const { endpoint, asked } = asking([{ kind: 'dead', reason: 'Integration is inactive' }])
    const sender = new FakeSender()
    await using running = startEngine({ store: opened.store, sender, endpoints: [endpoint] })

    const [sent] = await running.engine.send([anOutboundMessage()], {
      wait: { ms: 60_000, until: 'settled' },
    })

    assert.deepEqual([sent?.state, sent?.lastError], ['dead', 'Integration is inactive'])
    assert.deepEqual([sender.requests.length, asked.length], [0, 1])
  })

  it('may put it off as the retry policy says, or throw: each uses up a try, until there are no more', async () => {
    const clock = new FakeClock()
    await using opened = await openTestStore('memory', clock)
    const fails = (): never => {
      throw new TypeError('no verdict today')
    }
    const { endpoint, asked } = asking([{ kind: 'again', reason: 'not yet' }, fails], {
      retry: { ...retry, maxTries: 3 },
    })
    const sender = new FakeSender()
    await using running = startEngine({ store: opened.store, sender, clock, endpoints: [endpoint] })

    await running.engine.send([anOutboundMessage()])
    await quiet()
    assert.equal(asked.length, 1)
    await clock.advance(999)
    assert.equal(asked.length, 1)
    for (let s = 0; s < 10; s += 1) await clock.advance(1_000)

    assert.deepEqual([asked.length, sender.requests.length], [3, 0])
    const [row] = await allDeliveries(opened.store)
    assert.deepEqual(
      [row?.state, row?.lastError, row?.attempts],
      ['dead', 'no verdict today; gave up after 3 tries', 3],
    )
    const found = row && (await opened.store.delivery(row.id))
    assert.deepEqual(
      found?.attempts.map(({ number, outcome, status, error }) => [number, outcome, status, error]),
      [
        [1, 'retryable', null, 'not yet'],
        [2, 'retryable', null, 'no verdict today'],
        [3, 'retryable', null, 'no verdict today'],
      ],
    )
    assert.equal(running.log.filter(({ level }) => level === 'error').length, 2)
  })

  it('gives it back without a try when the store is away', async () => {
    const clock = new FakeClock()
    await using opened = await openTestStore('memory', clock)
    const away = (): never => {
      throw new CarabinerError('STORE_UNAVAILABLE', 'away')
    }
    const { endpoint, asked } = asking([away, away, { kind: 'go' }])
    const sender = new FakeSender()
    await using running = startEngine({ store: opened.store, sender, clock, endpoints: [endpoint] })

    await running.engine.send([anOutboundMessage()])
    await eventually(async () => (await allDeliveries(opened.store))[0]?.state === 'delivered')

    assert.deepEqual([asked.length, sender.requests.length], [3, 1])
    const [row] = await allDeliveries(opened.store)
    assert.deepEqual([row?.attempts, row?.lastError], [1, null])
  })

  it('holds its place in the queue while it thinks, and others wait', async () => {
    await using opened = await openTestStore('memory')
    const first = later()
    const second = later()
    const { endpoint, asked } = asking([first.verdict, second.verdict, { kind: 'go' }], {
      concurrency: 2,
    })
    const sender = new FakeSender()
    await using running = startEngine({ store: opened.store, sender, endpoints: [endpoint] })

    await running.engine.send([anOutboundMessage(), anOutboundMessage(), anOutboundMessage()])
    await eventually(() => asked.length === 2)
    await quiet()
    assert.deepEqual([asked.length, sender.requests.length], [2, 0])

    second.say({ kind: 'go' })
    await eventually(() => sender.requests.length === 2)
    assert.equal(asked.length, 3)
    first.say({ kind: 'cancel', reason: 'no' })
    await eventually(async () =>
      (await allDeliveries(opened.store)).every(({ settledAt }) => settledAt !== null),
    )
  })

  it('is asked once, however long it thinks: the lease is kept', async () => {
    const clock = new FakeClock()
    await using opened = await openTestStore('sqlite', clock)
    const slow = later()
    const { endpoint, asked } = asking([slow.verdict])
    const others = asking([{ kind: 'go' }])
    const sender = new FakeSender()
    await using running = startEngine({ store: opened.store, sender, clock, endpoints: [endpoint] })
    await using otherStore = await openTestUrl(opened.url, clock)
    await running.engine.send([anOutboundMessage()])
    await eventually(() => asked.length === 1)
    const otherSender = new FakeSender()
    const setup = { store: otherStore, sender: otherSender, clock, endpoints: [others.endpoint] }
    await using _other = startEngine(setup)

    for (let s = 0; s < 95; s += 1) {
      await clock.advance(1_000)
      await quiet(1)
    }
    assert.equal(asked[0]?.signal.aborted, false)
    slow.say({ kind: 'go' })
    await eventually(async () => (await allDeliveries(opened.store))[0]?.state === 'delivered')

    assert.deepEqual([asked.length, others.asked.length], [1, 0])
    assert.deepEqual([sender.requests.length, otherSender.requests.length], [1, 0])
  })

  it('is told when the host stops, whose delivery goes back without a try', async () => {
    await using opened = await openTestStore('memory')
    const { endpoint, asked } = asking([() => later().verdict()])
    const sender = new FakeSender()
    const running = startEngine({ store: opened.store, sender, endpoints: [endpoint] })
    await running.engine.send([anOutboundMessage()])
    await eventually(() => asked.length === 1)

    await running.engine.stop(0)

    assert.equal(asked[0]?.signal.aborted, true)
    const [row] = await allDeliveries(opened.store)
    assert.deepEqual([row?.state, row?.attempts, row?.lastError], ['pending', 0, null])
    assert.equal(sender.requests.length, 0)
  })

  it('may finish within the time that a stop leaves', async () => {
    await using opened = await openTestStore('memory')
    const thinking = later()
    const { endpoint, asked } = asking([thinking.verdict])
    const sender = new FakeSender()
    const running = startEngine({ store: opened.store, sender, endpoints: [endpoint] })
    await running.engine.send([anOutboundMessage()])
    await eventually(() => asked.length === 1)

    const stopped = running.engine.stop(60_000)
    await quiet()
    thinking.say({ kind: 'go' })
    await stopped

    assert.equal((await allDeliveries(opened.store))[0]?.state, 'delivered')
  })

  it('is told when the lease is lost, and whatever it says then does not count', async () => {
    const clock = new FakeClock()
    await using opened = await openTestStore('memory', clock)
    const thinking = later()
    const { endpoint, asked } = asking([thinking.verdict, { kind: 'go' }])
    const sender = new FakeSender()
    const setup = { store: opened.store, sender, clock, endpoints: [endpoint], hostId: 'host-a' }
    await using running = startEngine(setup)
    await running.engine.send([anOutboundMessage()])
    await eventually(() => asked.length === 1)
    const [row] = await allDeliveries(opened.store)
    assert.ok(row)

    // As another host does that takes this one for dead.
    await opened.store.leave('host-a')
    assert.equal(await opened.store.recover(clock.now()), 1)
    const claim = { endpoints: [{ endpoint: 'webhooks/audit', limit: 1 }], now: clock.now() }
    const lease = { owner: 'other', until: clock.now() + 300_000 }
    assert.equal((await opened.store.claim({ ...claim, lease })).length, 1)
    await opened.store.beat('other', clock.now())
    for (let s = 0; s < 15; s += 1) {
      await clock.advance(1_000)
      await opened.store.beat('other', clock.now())
    }

    assert.equal(asked[0]?.signal.aborted, true)
    thinking.say({ kind: 'cancel', reason: 'too late' })
    await quiet()
    assert.equal((await opened.store.delivery(row.id))?.delivery.state, 'sending')
    assert.deepEqual([asked.length, sender.requests.length], [1, 0])
  })

  it('is not asked while the circuit is open, nor about what has expired', async () => {
    const clock = new FakeClock()
    await using opened = await openTestStore('memory', clock)
    const circuitBreaker = { failureThreshold: 1, recoveryTimeoutMs: 60_000, count5xx: false }
    const { endpoint, asked } = asking([{ kind: 'go' }], {
      circuitBreaker,
      retry: { ...retry, maxTimeMs: 50_000 },
    })
    const sender = new FakeSender([noConnection])
    await using running = startEngine({ store: opened.store, sender, clock, endpoints: [endpoint] })

    await running.engine.send([anOutboundMessage()])
    await eventually(() => sender.requests.length === 1)
    for (let s = 0; s < 61; s += 1) await clock.advance(1_000)
    await quiet()

    assert.equal(asked.length, 1)
    assert.equal((await allDeliveries(opened.store))[0]?.state, 'dead')
  })

  it('that cancels a probe leaves the next one to another delivery', async () => {
    const clock = new FakeClock()
    await using opened = await openTestStore('memory', clock)
    const circuitBreaker = { failureThreshold: 1, recoveryTimeoutMs: 5_000, count5xx: false }
    const verdicts = [{ kind: 'go' }, { kind: 'cancel', reason: 'no' }, { kind: 'go' }] as const
    const { endpoint, asked } = asking(verdicts, {
      circuitBreaker,
      retry: { ...retry, maxTries: 1 },
    })
    const sender = new FakeSender([noConnection, 200])
    await using running = startEngine({ store: opened.store, sender, clock, endpoints: [endpoint] })
    await running.engine.send([anOutboundMessage()])
    await eventually(() => sender.requests.length === 1)
    await running.engine.send([anOutboundMessage(), anOutboundMessage()])

    for (let s = 0; s < 12; s += 1) {
      await clock.advance(1_000)
      await quiet(2)
    }

    const states = (await allDeliveries(opened.store)).map(({ state }) => state)
    assert.deepEqual(states.sort(), ['cancelled', 'dead', 'delivered'])
    assert.equal(asked.length, 3)
  })

  it('is not asked for what somebody waits for in line', async () => {
    await using opened = await openTestStore('memory')
    const { endpoint, asked } = asking([{ kind: 'cancel', reason: 'no' }])
    const sender = new FakeSender([200])
    await using running = startEngine({ store: opened.store, sender, endpoints: [endpoint] })

    const reply = await running.engine.ask('webhooks/audit', anOutboundMessage(), {
      attempt: 1,
      timeoutMs: 1_000,
    })

    assert.equal(reply.kind, 'reply')
    assert.equal(asked.length, 0)
  })

  it('is asked again by the next host when its own is killed meanwhile', async () => {
    const url = `sqlite:${join(temporaryFolder(), 'store.db')}`
    const file = join(import.meta.dirname, 'asking-process.ts')
    const child = spawn(process.execPath, ['--conditions=source', file, url], {
      env: nodeEnvironment(),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(createInterface(child.stdout), 'line')
    child.kill('SIGKILL')
    await once(child, 'exit')

    // A host that was silent for so long is dead for the others.
    const clock = new FakeClock(Date.now() + 60_000)
    await using store = await openStore(url)
    const { endpoint, asked } = asking([{ kind: 'go' }])
    const sender = new FakeSender()
    await using _running = startEngine({ store, sender, clock, endpoints: [endpoint] })
    await eventually(async () => {
      await clock.advance(1_000)
      return (await allDeliveries(store))[0]?.state === 'delivered'
    })

    assert.deepEqual(
      asked.map(({ id, attempts }) => [id, attempts]),
      [[line, 0]],
    )
    assert.equal(sender.requests.length, 1)
  })
})
