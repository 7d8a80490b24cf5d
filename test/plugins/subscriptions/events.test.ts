import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { schemeNamed } from '../../../src/delivery/signing/schemes.ts'
import type { Store } from '../../../src/store/store.ts'
import { eventually } from '../../helpers/engine.ts'
import { type ReceivedRequest, type Receiver, receiver } from '../../helpers/receiver.ts'
import { type Api, ops, rivalKey, startApi } from './api.ts'

const path = '/v1/webhooks/events'
const unknown = '0198a6a2-8b1c-7c0e-9a54-0d8d6a0b8d11'
const secret = 'a-secret-of-this-test'
const counters = {
  queued_deliveries: 0,
  processed_deliveries: 0,
  delivered: 0,
  pending: 0,
  dead_lettered: 0,
}

describe('publishing over HTTP', () => {
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
        ['body', 'payload'],
        ['body', 'payload', 'lines', 1],
      ],
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

describe('a veto on subscriptions.publish', () => {
  const connectors = 'guard: ./guard.ts'
  const guard = `import { defineConnector } from 'carabiner'
export default defineConnector({
  name: 'guard',
  setup({ before }) {
    before('subscriptions.publish', ({ params, cancel }) => {
      const { payload } = params as { payload: { n?: number } }
      if (payload.n === 13) cancel('an unlucky number')
      if (payload.n === 14) throw new Error('with a secret inside')
    })
  },
})
`

  it('of a before handler is 403; nothing is stored but the audit row', async () => {
    await using endpoint = await receiver()
    await using api = await startApi({ connectors, files: { 'guard.ts': guard } })
    await api.subscribe(endpoint.url)

    const refused = await api.call('POST', path, { body: anEvent({ payload: { n: 13 } }) })

    assert.equal(refused.status, 403)
    assert.deepEqual(refused.json, {
      error: { code: 'event_cancelled', message: 'an unlucky number', details: {} },
      detail: 'an unlucky number',
    })
    const { store } = api.project.host
    assert.equal((await store.deliveries({})).rows.length, 0)
    assert.equal((await eventsIn(store)).length, 0)
    const { rows } = await store.auditTrail({ action: 'event.cancelled' })
    assert.partialDeepStrictEqual(rows[0]?.details, { by: 'guard', reason: 'an unlucky number' })
  })

  it('leaves the idempotency key free', async () => {
    await using api = await startApi({ connectors, files: { 'guard.ts': guard } })
    const headers = { 'idempotency-key': 'k' }

    const refused = await api.call('POST', path, { headers, body: anEvent({ payload: { n: 13 } }) })
    const other = await api.call('POST', path, { headers, body: anEvent({ payload: { n: 1 } }) })

    assert.deepEqual([refused.status, other.status], [403, 200])
  })

  it('of a webhook is 403 with its reason', async () => {
    const reply = {
      status: 422,
      headers: { 'content-type': 'application/vnd.carabiner.errors.CancelEventError+json' },
      body: '{"reason":"not on Sundays"}',
    }
    await using gate = await receiver({ answers: [reply, 204] })
    await using api = await startApi({
      connectors: 'webhooks: webhooks',
      more: `webhooks:
  - { url: "${gate.url}", secret: ${secret}, events: "before:subscriptions.publish" }`,
    })

    const refused = await api.call('POST', path, { body: anEvent({}) })
    const allowed = await api.call('POST', path, { body: anEvent({}) })

    assert.deepEqual([refused.status, allowed.status], [403, 200])
    assert.equal(refused.json['error']?.['code'], 'event_cancelled')
    assert.equal(refused.json['detail'], 'not on Sundays')
  })

  it('is no failure of a handler: that is 500, and says nothing of its cause', async () => {
    await using api = await startApi({ connectors, files: { 'guard.ts': guard } })

    const failed = await api.call('POST', path, { body: anEvent({ payload: { n: 14 } }) })

    assert.equal(failed.status, 500)
    assert.equal(failed.text.includes('secret'), false)
  })
})

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

describe('a batch', () => {
  it('tells what came of each event, in their order', async () => {
    await using endpoint = await receiver()
    await using api = await startApi({ stanza: 'settle_wait: 5s' })
    await api.subscribe(endpoint.url)
    const events = Array.from({ length: 100 }, (_, n) => anEvent({ payload: { n } }))

    const { results } = await api.ok('POST', `${path}/batch`, { body: { events } })

    const told = Object.values(results ?? {})
    assert.equal(told.length, 100)
    assert.ok(told.every((each) => each['ok'] && each['delivered'] === (1 as unknown)))
    const sent = new Map(endpoint.received.map(({ text }) => bodyOf(text)))
    assert.deepEqual(
      told.map((each) => sent.get(String(each['event_id']))?.n),
      Array.from({ length: 100 }, (_, n) => n),
    )
  })

  it('keeps the numbers of payloads as they were written', async () => {
    await using endpoint = await receiver()
    await using api = await startApi()
    await api.subscribe(endpoint.url)

    await api.ok('POST', `${path}/batch`, {
      body: `{"events":[${JSON.stringify(anEvent({ payload: { n: 7 } }))}, {"event_type":"order.created","source":"tests","payload":{"n": 1.0}}]}`,
    })

    const requests = await endpoint.requests(2)
    assert.equal(requests.filter(({ text }) => text.includes('"payload":{"n": 1.0}')).length, 1)
  })

  it('has each event decided on by itself', async () => {
    await using api = await startApi({
      connectors: 'guard: ./guard.ts',
      files: { 'guard.ts': oddGuard },
    })
    const events = [1, 2, 3].map((n) => anEvent({ payload: { n } }))

    const { results } = await api.ok('POST', `${path}/batch`, { body: { events } })

    assert.deepEqual(
      Object.values(results ?? {}).map((each) => each['error']?.['code'] ?? each['ok']),
      ['event_cancelled', true, 'event_cancelled'],
    )
  })

  it('is refused as a whole for what does not fit, each place named', async () => {
    await using api = await startApi({ stanza: 'event_types: [order.created]' })
    const events = [anEvent({}), anEvent({ event_type: 'order.lost' })]

    const refused = await api.call('POST', `${path}/batch`, { body: { events } })

    assert.equal(refused.status, 422)
    assert.deepEqual(refused.json['detail']?.[0]?.['loc'], ['body', 'events', 1, 'event_type'])
    for (const wrong of [[], Array.from({ length: 101 }, () => anEvent({}))]) {
      const answered = await api.call('POST', `${path}/batch`, { body: { events: wrong } })
      assert.deepEqual(answered.json['detail']?.[0]?.['loc'], ['body', 'events'])
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
    assert.match(String(delivery?.['last_error']), /^egress refused: /)
  })
})

const oddGuard = `import { defineConnector } from 'carabiner'
export default defineConnector({
  name: 'guard',
  setup({ before }) {
    before('subscriptions.publish', ({ params, cancel }) => {
      const { payload } = params as { payload: { n: number } }
      if (payload.n % 2 === 1) cancel('odd')
    })
  },
})
`

function anEvent(fields: Readonly<Record<string, unknown>>): object {
  return { event_type: 'order.created', source: 'tests', payload: {}, ...fields }
}

function bodyOf(text: string): [string, { readonly n: number }] {
  const { event_id, payload } = JSON.parse(text)
  return [event_id, payload]
}

function eventsIn(store: Store): ReturnType<Store['findRecords']> {
  return store.findRecords({ collection: 'subscriptions/event', index: 'owner', limit: 10 })
}

function verifies(
  request: ReceivedRequest | undefined,
  scheme: string,
  ...secrets: string[]
): boolean {
  if (request === undefined) return false
  const { prepare, verify } = schemeNamed(scheme)
  const input = {
    header: (name: string) => request.headers[name],
    body: request.body,
    now: Math.floor(Date.now() / 1_000),
  }
  return verify(input, secrets.map(prepare)).kind === 'verified'
}
