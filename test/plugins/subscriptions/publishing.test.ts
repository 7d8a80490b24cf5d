import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { eventually } from '../../helpers/engine.ts'
import { receiver } from '../../helpers/receiver.ts'
import { anEvent, path, verifies } from './an-event.ts'
import { ops, rivalKey, startApi } from './api.ts'

const secret = 'a-secret-of-this-test'
const counters = {
  queued_deliveries: 0,
  processed_deliveries: 0,
  delivered: 0,
  pending: 0,
  dead_lettered: 0,
}

describe('publishing over HTTP', () => {
  it('tries again as the stanza says, on top of a preset', async () => {
    await using endpoint = await receiver({ answers: [404, 500, 404] })
    await using api = await startApi({
      stanza: 'retry: { preset: axme, schedule: [10ms, 10ms], retry_on: all }\nsettle_wait: 5s',
    })
    const id = await api.subscribe(endpoint.url)

    await api.publish()
    await endpoint.requests(3)

    const { store } = api.project.host
    await eventually(async () => (await store.deliveries({ state: 'dead' })).rows.length === 1)
    const { deliveries } = await api.ok('GET', `/v1/webhooks/subscriptions/${id}/deliveries`)
    assert.partialDeepStrictEqual(deliveries?.[0], { status: 'dead', attempts: 3 })
  })

  it('stores the event, and sends it signed to each subscription that names its type', async () => {
    await using endpoint = await receiver()
    await using api = await startApi()
    await api.subscribe(`${endpoint.url}/a`, { event_types: ['order.created', '*'], secret })
    await api.subscribe(`${endpoint.url}/b`, { event_types: ['order.*'] })
    await api.subscribe(`${endpoint.url}/c`, {
      event_types: ['order', 'orders.*', 'order.cancelled'],
    })
    await api.subscribe(`${endpoint.url}/d`, { active: false })
    await api.subscribe(`${endpoint.url}/e`, {}, { key: rivalKey })

    const published = await api.publish({}, { headers: { 'x-trace-id': 'trace-7' } })

    assert.partialDeepStrictEqual(published, {
      event_type: 'order.created',
      source: 'tests',
      owner_agent: ops,
      ...counters,
      queued_deliveries: 2,
      pending: 2,
    })
    await endpoint.requests(2)
    const [first, second] = endpoint.received.toSorted((a, b) => a.path.localeCompare(b.path))
    assert.deepEqual([first?.path, second?.path], ['/a', '/b'])
    assert.deepEqual(JSON.parse(first?.text ?? ''), {
      event_id: published['event_id'],
      event_type: 'order.created',
      source: 'tests',
      owner_agent: ops,
      occurred_at: published['accepted_at'],
      payload: { n: 1 },
      replay: false,
    })
    assert.ok(verifies(first, 'axme', secret) && verifies(first, 'standard', secret))
    assert.partialDeepStrictEqual(first?.headers, {
      'content-type': 'application/json',
      'x-axme-event': 'order.created',
      'x-trace-id': 'trace-7',
      'idempotency-key': first?.headers['webhook-id'] ?? '',
    })
    assert.notEqual(first?.headers['webhook-id'], second?.headers['webhook-id'])
    assert.equal(second?.headers['x-axme-signature'], undefined)
    assert.equal(second?.headers['webhook-signature'], undefined)
  })

  it('keeps the numbers of a payload as they were written', async () => {
    await using endpoint = await receiver()
    await using api = await startApi()
    await api.subscribe(endpoint.url)
    const payload = '{"price": 1.0, "big": 12345678901234567890, "e": 1E2}'

    await api.ok('POST', path, {
      body: `{"payload": ${payload}, "source": "tests", "event_type": "order.created"}`,
    })

    const [request] = await endpoint.requests(1)
    assert.ok(request?.text.includes(`"payload":${payload},`), request?.text)
  })

  it('counts what came of first attempts within settle_wait', async () => {
    await using fine = await receiver()
    await using broken = await receiver({ answers: [400] })
    await using busy = await receiver({ answers: [503] })
    await using api = await startApi({ stanza: 'settle_wait: 5s' })
    for (const { url } of [fine, broken, busy]) await api.subscribe(url)

    const published = await api.publish()

    const counted = {
      queued_deliveries: 3,
      processed_deliveries: 3,
      delivered: 1,
      pending: 1,
      dead_lettered: 1,
    }
    assert.partialDeepStrictEqual(published, counted)
    const { event } = await api.ok('GET', `${path}/${published['event_id']}`)
    assert.partialDeepStrictEqual(event, counted)
  })

  it('takes the types that the assembly names, and payloads that match', async () => {
    await using api = await startApi({
      stanza: `event_types:
  order.created:
    schema: { type: object, properties: { lines: { type: array, items: { type: integer } } }, required: [id] }
  order.cancelled: {}`,
    })

    const fits = await api.call('POST', path, { body: anEvent({ payload: { id: 1, lines: [1] } }) })
    const wrongType = await api.call('POST', path, { body: anEvent({ event_type: 'order.lost' }) })
    const wrongPayload = await api.call('POST', path, {
      body: anEvent({ payload: { lines: [1, 'x'] } }),
    })

    assert.equal(fits.status, 200)
    assert.equal(wrongType.status, 422)
    assert.deepEqual(wrongType.json['detail']?.[0]?.['loc'], ['body', 'event_type'])
    assert.equal(wrongPayload.status, 422)
    assert.deepEqual(
      Object.values(wrongPayload.json['detail'] ?? {}).map(({ loc }) => loc),
      [
        ['body', 'payload', 'id'],
        ['body', 'payload', 'lines', 1],
      ],
    )
    assert.deepEqual(
      Object.values(wrongPayload.json['detail'] ?? {}).map(({ type }) => type),
      ['missing', 'wrong_type'],
    )
  })

  it('takes five types when the assembly names none', async () => {
    await using api = await startApi({ isBare: true })

    for (const [event_type, status] of [
      ['inbox.thread_created', 200],
      ['inbox.thread_updated', 200],
      ['inbox.reply_received', 200],
      ['invite.accepted', 200],
      ['auth.session_revoked', 200],
      ['order.created', 422],
    ] as const) {
      const answered = await api.call('POST', path, { body: anEvent({ event_type }) })
      assert.equal(answered.status, status, event_type)
    }
  })

  it('leaves a row in the audit trail', async () => {
    await using api = await startApi()

    const published = await api.publish()

    const trail = api.project.host.store.auditTrail({ entityId: String(published['event_id']) })
    const [row] = (await trail).rows
    assert.partialDeepStrictEqual(row, { action: 'event.published', actor: ops })
  })

  it('is refused behind too many events that caused one another', async () => {
    await using api = await startApi()

    const headers = { 'x-carabiner-depth': '17' }
    const refused = await api.call('POST', path, { headers, body: anEvent({}) })

    assert.equal(refused.status, 508)
    assert.equal(refused.json['error']?.['code'], 'event_recursion')
  })

  it('answers before receivers do', async () => {
    const { promise, resolve } = Promise.withResolvers<number>()
    await using endpoint = await receiver({ answers: [() => promise] })
    await using api = await startApi()
    await api.subscribe(endpoint.url)

    const published = await api.publish()

    assert.equal(published['pending'], 1)
    resolve(200)
  })
})
