import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { eventually } from '../../helpers/engine.ts'
import { type Receiver, receiver } from '../../helpers/receiver.ts'
import { path, verifies } from './an-event.ts'
import { type Api, ops, rivalKey, startApi } from './api.ts'

const unknown = '0198a6a2-8b1c-7c0e-9a54-0d8d6a0b8d11'
const secret = 'a-secret-of-this-test'
const counters = {
  queued_deliveries: 0,
  processed_deliveries: 0,
  delivered: 0,
  pending: 0,
  dead_lettered: 0,
}

describe('an event', () => {
  let api: Api
  let endpoint: Receiver
  before(async () => {
    endpoint = await receiver()
    api = await startApi({ stanza: 'settle_wait: 5s' })
    await api.subscribe(endpoint.url, { secret })
  })
  after(async () => {
    await api[Symbol.asyncDispose]()
    await endpoint[Symbol.asyncDispose]()
  })

  it('is shown with its payload, how it stands, and its deliveries', async () => {
    const id = (await api.publish({ payload: { a: [1, { b: null }] } }))['event_id']

    const { event } = await api.ok('GET', `${path}/${id}`)
    const { deliveries } = await api.ok('GET', `${path}/${id}/deliveries`)

    assert.partialDeepStrictEqual(event, {
      event_id: id,
      payload: { a: [1, { b: null }] },
      replayed_at: null,
      erased_at: null,
      delivered: 1,
    })
    assert.partialDeepStrictEqual(deliveries?.[0], { event_id: id, status: 'delivered' })
  })

  it('is shown with numbers as they were published', async () => {
    await using api = await startApi()
    const body =
      '{"event_type":"order.created","source":"tests","payload":{"price":1.0,"n":12345678901234567890}}'
    const published = await api.ok('POST', path, { body })

    const { text } = await api.call('GET', `${path}/${published['event_id']}`)

    assert.ok(text.includes('"payload":{"price":1.0,"n":12345678901234567890}'), text)
  })

  it('is replayed with the same id and moment, as a delivery of its own', async () => {
    const published = await api.publish()
    const id = published['event_id']
    const before = endpoint.received.length

    const replayed = await api.ok('POST', `${path}/${id}/replay`)

    assert.partialDeepStrictEqual(replayed, { event_id: id, owner_agent: ops, delivered: 1 })
    const [first, second] = endpoint.received.slice(before - 1)
    const told = JSON.parse(second?.text ?? '')
    assert.deepEqual(told, { ...JSON.parse(first?.text ?? ''), replay: true })
    assert.notEqual(second?.headers['webhook-id'], first?.headers['webhook-id'])
    assert.ok(verifies(second, 'axme', secret))
    const { event } = await api.ok('GET', `${path}/${id}`)
    assert.equal(event?.['replayed_at'], replayed['replayed_at'])
    assert.equal(event?.['queued_deliveries'], 2)
    const { deliveries } = await api.ok('GET', `${path}/${id}/deliveries?limit=1`)
    assert.equal(deliveries?.[0]?.['event_id'], id)
    const { rows } = await api.project.host.store.auditTrail({ entityId: String(id) })
    assert.equal(rows.filter(({ action }) => action === 'event.replayed').length, 1)
  })

  it('is replayed with an empty body of JSON, or {}', async () => {
    const id = (await api.publish())['event_id']

    const headers = { 'content-type': 'application/json' }
    const empty = await api.call('POST', `${path}/${id}/replay`, { headers })
    const braces = await api.call('POST', `${path}/${id}/replay`, { body: {} })
    const more = await api.call('POST', `${path}/${id}/replay`, { body: { now: true } })

    assert.deepEqual([empty.status, braces.status, more.status], [200, 200, 422])
  })

  it('of somebody else is not there, in the same words as one that never was', async () => {
    const id = (await api.publish())['event_id']

    for (const [method, rest] of [
      ['GET', ''],
      ['GET', '/deliveries'],
      ['POST', '/replay'],
    ] as const) {
      const foreign = await api.call(method, `${path}/${id}${rest}`, { key: rivalKey })
      const none = await api.call(method, `${path}/${unknown}${rest}`, { key: rivalKey })
      assert.equal(foreign.status, 404, rest)
      assert.equal(foreign.text, none.text)
      assert.equal((await api.call(method, `${path}/nothing${rest}`)).status, 422)
    }
  })

  it('whose bodies were erased is shown without payload, and not replayed', async () => {
    const id = String((await api.publish({ payload: { name: 'Ada' } }))['event_id'])
    const { url } = api.project
    const erasing = await fetch(`${url}/api/v1/erasures`, {
      method: 'POST',
      headers: {
        'x-internal-api-key': 'key-of-the-management',
        'content-type': 'application/json',
      },
      body: JSON.stringify({ messageId: id }),
    })
    assert.equal(erasing.status < 300, true, await erasing.text())

    const shown = await api.call('GET', `${path}/${id}`)
    const refused = await api.call('POST', `${path}/${id}/replay`)

    assert.equal(shown.json['event']?.['payload'], null)
    assert.notEqual(shown.json['event']?.['erased_at'], null)
    assert.equal(shown.text.includes('Ada'), false)
    assert.equal(refused.status, 409)
    assert.equal(refused.json['error']?.['code'], 'event_erased')
  })
})

describe('a replay', () => {
  it('goes to the subscriptions active now', async () => {
    await using old = await receiver()
    await using fresh = await receiver()
    await using api = await startApi()
    const gone = await api.subscribe(old.url)
    const id = (await api.publish())['event_id']
    await old.requests(1)
    await api.ok('DELETE', `/v1/webhooks/subscriptions/${gone}`)
    await api.subscribe(fresh.url)

    const replayed = await api.ok('POST', `${path}/${id}/replay`)

    assert.equal(replayed['queued_deliveries'], 1)
    const [request] = await fresh.requests(1)
    assert.equal(JSON.parse(request?.text ?? '').replay, true)
    assert.equal(old.received.length, 1)
  })

  it('is refused while the last one is under way; of many at once one is made', async () => {
    const { promise, resolve } = Promise.withResolvers<number>()
    await using endpoint = await receiver({ answers: [200, () => promise, 200] })
    await using api = await startApi()
    await api.subscribe(endpoint.url)
    const id = (await api.publish())['event_id']
    await endpoint.requests(1)

    const answers = await Promise.all(
      Array.from({ length: 10 }, () => api.call('POST', `${path}/${id}/replay`)),
    )

    const statuses = answers.map(({ status }) => status).toSorted()
    assert.deepEqual(statuses, [200, ...Array.from({ length: 9 }, () => 409)])
    const refused = answers.find(({ status }) => status === 409)
    assert.equal(refused?.json['error']?.['code'], 'replay_pending')
    resolve(200)
    await eventually(async () => (await api.call('POST', `${path}/${id}/replay`)).status === 200)
  })

  it('of an event that nobody is subscribed to sends nothing', async () => {
    await using api = await startApi()
    const id = (await api.publish())['event_id']

    for (let times = 0; times < 3; times += 1) {
      assert.partialDeepStrictEqual(await api.ok('POST', `${path}/${id}/replay`), counters)
    }
  })
})

describe('a test of a subscription', () => {
  it('tells what came of its first attempt, of a paused one too', async () => {
    await using endpoint = await receiver({ answers: [200, 500] })
    await using api = await startApi()
    const id = await api.subscribe(endpoint.url, { active: false, secret })

    const fine = await api.ok('POST', `/v1/webhooks/subscriptions/${id}/test`)
    const failed = await api.ok('POST', `/v1/webhooks/subscriptions/${id}/test`)

    assert.partialDeepStrictEqual(fine['delivery'], { status: 'delivered', response_status: 200 })
    assert.partialDeepStrictEqual(failed['delivery'], {
      status: 'pending',
      attempts: 1,
      response_status: 500,
    })
    const [request] = endpoint.received
    assert.equal(request?.headers['x-axme-event'], 'webhook.test')
    assert.ok(verifies(request, 'standard', secret))
    const { deliveries } = await api.ok('GET', `/v1/webhooks/subscriptions/${id}/deliveries`)
    assert.equal(deliveries?.[0]?.['event_id'], null)
  })

  it('that wants nothing more is refused', async () => {
    await using endpoint = await receiver({ answers: [410] })
    await using api = await startApi({ stanza: 'settle_wait: 5s' })
    const id = await api.subscribe(endpoint.url)
    const gone = await api.publish()
    const { store } = api.project.host
    await eventually(async () => {
      const [state] = await store.endpointStates([`subscription/${id}`])
      return (state?.disabledReason ?? null) !== null
    })

    const refused = await api.call('POST', `/v1/webhooks/subscriptions/${id}/test`)
    const published = await api.publish()

    assert.equal(gone['dead_lettered'], 1)
    assert.equal(refused.status, 409)
    assert.equal(published['queued_deliveries'], 0)
  })

  it('to an address that a name may not lead to is given up at once', async () => {
    await using api = await startApi({ stanza: 'egress: { http: true, ports: any }' })
    const id = await api.subscribe('http://localhost:9/')

    const { delivery } = await api.ok('POST', `/v1/webhooks/subscriptions/${id}/test`)

    assert.equal(delivery?.['status'], 'dead')
    const shown = 'egress refused: the host has an address that is not allowed'
    assert.equal(delivery?.['last_error'], shown)
    const { deliveries } = await api.ok('GET', `/v1/webhooks/subscriptions/${id}/deliveries`)
    assert.equal(deliveries?.[0]?.['last_error'], shown)
    const { rows } = await api.project.host.store.deliveries({})
    assert.match(String(rows[0]?.lastError), /^egress refused: (127\.0\.0\.1|::1) is loopback$/)
  })
})
