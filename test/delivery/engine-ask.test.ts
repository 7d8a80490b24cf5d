import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  anEndpoint,
  anOutboundMessage,
  eventually,
  openTestStore,
  quiet,
  startEngine,
} from '../helpers/engine.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { FakeSender, gate, noConnection, untilAborted } from '../helpers/fake-sender.ts'

const options = { attempt: 1, timeoutMs: 1_000 }

describe('ask', () => {
  it('gives the reply, and stores nothing', async () => {
    await using opened = await openTestStore('memory')
    const sender = new FakeSender([403])
    await using running = startEngine({ store: opened.store, sender })

    const reply = await running.engine.ask('webhooks/audit', anOutboundMessage(), options)

    assert.equal(reply.kind === 'reply' && reply.status, 403)
    assert.equal((await opened.store.backlog()).pending, 0)
    assert.equal(sender.requests[0]?.headers['x-carabiner-attempt'], '1')
  })

  it('does not send a question over the limit, and says the limit', async () => {
    await using opened = await openTestStore('memory')
    const sender = new FakeSender([200])
    await using running = startEngine({ store: opened.store, sender })

    const message = anOutboundMessage({ body: new Uint8Array(1_048_577) })
    const reply = await running.engine.ask('webhooks/audit', message, options)

    assert.partialDeepStrictEqual(reply, {
      kind: 'no-reply',
      error: 'over-limit',
      message: 'the question has 1048577 bytes, the limit is 1048576 (host.deliveries.body_limit)',
    })
    assert.equal(sender.requests.length, 0)
  })

  it('goes ahead of the deliveries that wait for the same endpoint', async () => {
    await using opened = await openTestStore('memory')
    const held = gate()
    const sender = new FakeSender([held.answer, 200])
    const endpoints = [anEndpoint({ concurrency: 1 })]
    await using running = startEngine({ store: opened.store, sender, endpoints })
    await running.engine.send([1, 2, 3].map(() => anOutboundMessage({ type: 'after:adjust' })))
    await eventually(() => sender.requests.length === 1)

    const asked = running.engine.ask('webhooks/audit', anOutboundMessage({ id: 'asked' }), options)
    held.open()
    await asked

    assert.equal(sender.requests[1]?.headers['webhook-id'], 'asked')
  })

  it('is over in time when no slot becomes free', async () => {
    const clock = new FakeClock()
    await using opened = await openTestStore('memory', clock)
    const sender = new FakeSender([({ signal }) => untilAborted(signal)])
    const endpoints = [anEndpoint({ concurrency: 1, timeoutMs: 60_000 })]
    await using running = startEngine({ store: opened.store, sender, clock, endpoints })
    await running.engine.send([anOutboundMessage()])
    await eventually(() => sender.requests.length === 1)

    const asked = running.engine.ask('webhooks/audit', anOutboundMessage(), options)
    await clock.advance(1_000)
    const reply = await asked

    assert.equal(reply.kind === 'no-reply' && reply.error, 'timeout')
    assert.equal(sender.requests.length, 1)
    assert.equal(running.engine.endpoints()[0]?.circuit, 'closed')
  })

  it('is given up with its signal while it waits', async () => {
    await using opened = await openTestStore('memory')
    const sender = new FakeSender([({ signal }) => untilAborted(signal)])
    await using running = startEngine({
      store: opened.store,
      sender,
      endpoints: [anEndpoint({ concurrency: 1 })],
    })
    await running.engine.send([anOutboundMessage()])
    await eventually(() => sender.requests.length === 1)
    const controller = new AbortController()

    const asked = running.engine.ask('webhooks/audit', anOutboundMessage(), {
      ...options,
      signal: controller.signal,
    })
    controller.abort()
    const reply = await asked

    assert.equal(reply.kind === 'no-reply' && reply.error, 'aborted')
  })

  it('takes the rest of its time for the request, and its own limit on the reply', async () => {
    await using opened = await openTestStore('memory')
    const sender = new FakeSender()
    await using running = startEngine({ store: opened.store, sender })

    await running.engine.ask('webhooks/audit', anOutboundMessage(), { ...options, replyLimit: 7 })

    const [request] = sender.requests
    assert.ok(request)
    assert.ok(request.timeoutMs <= 1_000)
    assert.equal(request.replyLimit, 7)
  })

  it('opens the circuit, is refused by it, and probes when the time has come', async () => {
    const clock = new FakeClock()
    await using opened = await openTestStore('sqlite', clock)
    const sender = new FakeSender([noConnection, noConnection, 200])
    const circuitBreaker = { failureThreshold: 2, recoveryTimeoutMs: 5_000, count5xx: false }
    await using running = startEngine({
      store: opened.store,
      sender,
      clock,
      endpoints: [anEndpoint({ circuitBreaker })],
    })
    const kindOfAsk = async (): Promise<string> =>
      (await running.engine.ask('webhooks/audit', anOutboundMessage(), options)).kind

    assert.equal(await kindOfAsk(), 'no-reply')
    assert.equal(await kindOfAsk(), 'no-reply')
    assert.equal(await kindOfAsk(), 'circuit-open')
    assert.equal(sender.requests.length, 2)
    await clock.advance(5_000)
    await quiet()
    assert.equal(await kindOfAsk(), 'reply')
    assert.equal(running.engine.endpoints()[0]?.circuit, 'closed')
  })

  it('never rejects: an unknown endpoint and a sender that throws are no reply', async () => {
    await using opened = await openTestStore('memory')
    const sender = new FakeSender([
      () => {
        throw new TypeError('broken')
      },
    ])
    await using running = startEngine({ store: opened.store, sender })

    const unknown = await running.engine.ask('webhooks/nobody', anOutboundMessage(), options)
    const broken = await running.engine.ask('webhooks/audit', anOutboundMessage(), options)

    assert.equal(
      unknown.kind === 'no-reply' && unknown.message,
      'there is no endpoint `webhooks/nobody`',
    )
    assert.equal(broken.kind === 'no-reply' && broken.error, 'protocol')
  })

  it('does not disable an endpoint that answers 410', async () => {
    await using opened = await openTestStore('memory')
    await using running = startEngine({ store: opened.store, sender: new FakeSender([410]) })

    await running.engine.ask('webhooks/audit', anOutboundMessage(), options)
    await quiet()

    assert.equal(running.engine.endpoints()[0]?.disabledReason, null)
  })
})
