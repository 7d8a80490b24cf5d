import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import { retryPolicies } from '../../src/delivery/retry-policy.ts'
import { createUndiciSender } from '../../src/delivery/senders/undici-sender.ts'
import { Signer } from '../../src/delivery/signing/signer.ts'
import { traceHex, traceparent } from '../../src/delivery/trace-context.ts'
import { newId } from '../../src/ids.ts'
import {
  allDeliveries,
  anEndpoint,
  anOutboundMessage,
  eventually,
  openTestStore,
  startEngine,
} from '../helpers/engine.ts'
import { receiver } from '../helpers/receiver.ts'

const egress = { default: 'trusted', allow: [], http: true, ports: 'any', proxy: null } as const

describe('a delivery over HTTP', () => {
  it('carries its headers, a signature of the exact bytes, and is recorded with what came back', async () => {
    await using opened = await openTestStore('sqlite')
    await using sender = createUndiciSender({ egress, clock: systemClock })
    await using to = await receiver({ answers: [{ status: 202, body: 'taken' }] })
    await using running = startEngine({
      store: opened.store,
      sender,
      version: '1.2.3',
      endpoints: [
        anEndpoint({
          url: `${to.url}/hooks?x=1`,
          headers: {
            'x-team': 'platform',
            'webhook-signature': 'v1,forged',
            'x-servo-signature': 'forged',
          },
        }),
      ],
    })
    const traceId = newId()
    const id = newId()
    const body = Buffer.from('{"name":"Zoë 🙂"}')

    await running.engine.send([
      anOutboundMessage({
        id,
        traceId,
        depth: 3,
        body,
        headers: { 'x-servo-event': 'after:adjust' },
      }),
    ])
    const [request] = await to.requests(1)
    await eventually(async () => (await opened.store.backlog()).sending === 0)

    assert.ok(request)
    const { headers } = request
    assert.equal(request.path, '/hooks?x=1')
    assert.deepEqual(Buffer.from(request.body), body)
    assert.equal(headers['content-type'], 'application/json')
    assert.equal(headers['user-agent'], 'carabiner/1.2.3')
    assert.equal(headers['webhook-id'], id)
    assert.equal(headers['idempotency-key'], id)
    assert.equal(headers['x-servo-event'], 'after:adjust')
    assert.equal(headers['x-team'], 'platform')
    assert.equal(headers['x-carabiner-attempt'], '1')
    assert.equal(headers['x-carabiner-depth'], '3')
    assert.equal(headers['x-trace-id'], traceId)
    assert.equal(headers['traceparent']?.split('-')[1], traceId.replaceAll('-', ''))
    const timestamp = Number(headers['webhook-timestamp'])
    assert.ok(Math.abs(timestamp - Date.now() / 1_000) < 60)
    const signed = new Signer(['servo', 'standard'], ['s3cr3t']).headers({ id, timestamp, body })
    for (const [name, value] of Object.entries(signed)) assert.equal(headers[name], value)

    const [row] = await allDeliveries(opened.store)
    assert.ok(row)
    const [attempt] = (await opened.store.delivery(row.id))?.attempts ?? []
    assert.equal(attempt?.status, 202)
    assert.equal(attempt?.outcome, 'delivered')
    assert.equal(Buffer.from(attempt?.responseBody ?? []).toString(), 'taken')
    assert.ok(attempt?.phases['queue'] !== undefined)
  })

  it('is sent again by hand under the same id, and says which delivery it repeats', async () => {
    await using opened = await openTestStore('sqlite')
    await using sender = createUndiciSender({ egress, clock: systemClock })
    await using to = await receiver()
    const endpoints = [anEndpoint({ url: to.url })]
    await using running = startEngine({ store: opened.store, sender, endpoints })
    await running.engine.send([anOutboundMessage()])
    const isSettled = async (): Promise<boolean> =>
      (await allDeliveries(opened.store)).every(({ settledAt }) => settledAt !== null)
    await eventually(isSettled)
    const [sent] = await allDeliveries(opened.store)
    assert.ok(sent)

    await running.engine.redeliveries.one(sent.id, { actor: 'anna' })
    const [first, again] = await to.requests(2)
    await eventually(isSettled)

    assert.equal(first?.headers['x-carabiner-redelivery'], undefined)
    assert.equal(again?.headers['x-carabiner-redelivery'], sent.id)
    assert.equal(again?.headers['x-carabiner-attempt'], '1')
    for (const name of ['webhook-id', 'idempotency-key', 'x-trace-id']) {
      assert.equal(again?.headers[name], first?.headers[name])
    }
    assert.deepEqual(again?.body, first?.body)
  })

  it('gives a request up at the end of a stop: it goes back, without a try', async () => {
    await using opened = await openTestStore('sqlite')
    await using sender = createUndiciSender({ egress, clock: systemClock })
    await using to = await receiver({ answers: [() => new Promise<number>(() => {})] })
    await using running = startEngine({
      store: opened.store,
      sender,
      endpoints: [anEndpoint({ url: to.url, concurrency: 1 })],
    })
    await running.engine.send([anOutboundMessage(), anOutboundMessage()])
    await eventually(() => to.received.length === 1)

    await running.engine.stop(20)

    const rows = await allDeliveries(opened.store)
    assert.deepEqual(
      rows.map(({ state, attempts }) => `${state} ${attempts}`),
      ['pending 0', 'pending 0'],
    )
    assert.equal(to.received.length, 1)
  })

  it('keeps the rate of its endpoint', async () => {
    await using opened = await openTestStore('memory')
    await using sender = createUndiciSender({ egress, clock: systemClock })
    await using to = await receiver()
    await using running = startEngine({
      store: opened.store,
      sender,
      endpoints: [anEndpoint({ url: to.url, rate: { count: 5, perMs: 1_000 } })],
    })

    await running.engine.send(Array.from({ length: 15 }, () => anOutboundMessage()))
    const received = await to.requests(15)

    // From the first to the last of any six there has to be the interval, less what the first took to arrive.
    for (let n = 5; n < received.length; n += 1) {
      const took = (received[n]?.at ?? 0) - (received[n - 5]?.at ?? 0)
      assert.ok(took > 500, `six requests within ${took} ms`)
    }
  })

  it('delivers the messages of a command before it ends, retries among them, and says what is left', async () => {
    await using opened = await openTestStore('sqlite')
    const { store } = opened
    await using sender = createUndiciSender({ egress, clock: systemClock })
    await using to = await receiver({ answers: [503, 200] })
    await using down = await receiver({ answers: [500] })
    const retry = { ...retryPolicies.awa, baseMs: 20, jitter: 'none' } as const
    const endpoints = [
      anEndpoint({ id: 'good', url: to.url, retry }),
      anEndpoint({ id: 'bad', url: down.url, retry: { ...retry, baseMs: 3_600_000 } }),
    ]
    const before = startEngine({ store, sender, endpoints, start: false })
    await before.engine.send([anOutboundMessage({ to: [{ endpoint: 'good' }] })])

    await using command = startEngine({ store, sender, endpoints, start: { deliver: false } })
    const body = Buffer.from('"own"')
    await command.engine.send([
      anOutboundMessage({ body, to: [{ endpoint: 'good', orderKey: 'k' }, { endpoint: 'bad' }] }),
      anOutboundMessage({ body, to: [{ endpoint: 'good' }] }),
    ])
    assert.equal(to.received.length, 0, 'nothing is sent before it is asked for')
    const left = await command.engine.drainOwn(1_500)

    assert.equal(left, 1)
    assert.deepEqual(new Set(to.received.map(({ text }) => text)), new Set(['"own"']))
    const states = (await allDeliveries(store)).map(({ endpoint, state }) => `${endpoint} ${state}`)
    assert.deepEqual(states.sort(), [
      'bad pending',
      'good delivered',
      'good delivered',
      'good pending',
    ])
  })
})

describe('traceparent', () => {
  it('takes over a UUID or 32 hex digits and hashes everything else', () => {
    const id = '0af7651916cd43dd8448eb211c80319c'

    assert.equal(traceHex(id), id)
    assert.equal(traceHex('0AF76519-16cd-43dd-8448-eb211c80319c'), id)
    assert.match(traceHex('order 7'), /^[0-9a-f]{32}$/)
    assert.notEqual(traceHex('0'.repeat(32)), '0'.repeat(32))
    assert.match(traceparent('order 7'), /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
    assert.notEqual(traceparent(id), traceparent(id))
  })
})
