import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { AnyJson } from '../../../helpers/served-host.ts'
import { type IngressHost, signedAcme, startIngress } from '../ingress-host.ts'
import { fieldOf, list, operator } from './operator.ts'

/** What came in, the first first: their subjects have what lists take literally. */
const posted = [
  { eventId: 'e1', eventType: 'order.created', subject: 'Order-1', day: 3 },
  { eventId: 'e2', eventType: 'order.paid', subject: 'order-2', day: 1 },
  { eventId: 'e3', eventType: 'order.paid', subject: '100%', day: 2 },
  { eventId: 'e4', eventType: 'order.created', subject: 'a_b', day: 5 },
  { eventId: 'e5', eventType: 'order.created', subject: 'aXb', day: 4 },
] as const

describe('GET /api/v1/events', () => {
  let host: IngressHost
  before(async () => {
    host = await startIngress()
    for (const { day, ...fields } of posted) {
      await host.accepted({ ...fields, occurredAt: `2026-01-0${day}T12:00:00Z` })
    }
  })
  after(() => host[Symbol.asyncDispose]())

  const events = async (query: string): Promise<readonly unknown[]> => {
    const { items } = await list(host, `/events${query === '' ? '' : `?${query}`}`)
    return fieldOf(items, 'externalEventId')
  }

  const found: readonly (readonly [query: string, ids: readonly string[]])[] = [
    ['', ['e5', 'e4', 'e3', 'e2', 'e1']],
    ['sortOrder=asc', ['e1', 'e2', 'e3', 'e4', 'e5']],
    ['sortBy=receivedAt&sortOrder=desc', ['e5', 'e4', 'e3', 'e2', 'e1']],
    ['sortBy=createdAt&sortOrder=asc', ['e1', 'e2', 'e3', 'e4', 'e5']],
    ['sortBy=occurredAt', ['e4', 'e5', 'e1', 'e3', 'e2']],
    ['sortBy=occurredAt&sortOrder=asc', ['e2', 'e3', 'e1', 'e5', 'e4']],
    ['provider=acme&pageSize=2', ['e5', 'e4']],
    ['pageSize=2&page=3', ['e1']],
    ['pageSize=2&page=4', []],
    ['provider=globex', []],
    ['eventType=order.paid', ['e3', 'e2']],
    ['eventType=order', []],
    ['subject=ORDER-', ['e2', 'e1']],
    ['subject=%25', ['e3']],
    ['subject=_', ['e4']],
    ['subject=a_b', ['e4']],
    ['subject=a%25b', []],
    ['from=2026-01-03T12:00:00Z', ['e5', 'e4', 'e1']],
    ['to=2026-01-03T12:00:00Z', ['e3', 'e2', 'e1']],
    ['from=2026-01-02T12:00:00.000Z&to=2026-01-03T13:00:00%2B01:00', ['e3', 'e1']],
    ['eventType=order.created&subject=b&from=2026-01-05T00:00:00Z', ['e4']],
  ]
  for (const [query, ids] of found) {
    it(`finds ?${query}`, async () => {
      assert.deepEqual(await events(query), ids)
    })
  }

  it('sorts by status, and those of one status by time', async () => {
    const ascending = await list(host, '/events?sortBy=status&sortOrder=asc')
    const descending = await list(host, '/events?sortBy=status&sortOrder=desc')

    const placeOf = ({ status, occurredAt }: AnyJson): string => `${status} ${occurredAt}`
    const [up, down] = [ascending, descending].map(({ items }) => items.map(placeOf))
    assert.equal(up?.length, posted.length)
    assert.deepEqual(up, up?.toSorted())
    assert.deepEqual(down, down?.toSorted().toReversed())
  })

  it('says which page it is, and how many there are', async () => {
    const { meta: first } = await list(host, '/events?pageSize=2')
    const { meta: none } = await list(host, '/events?provider=none')
    const { meta: large } = await list(host, '/events?pageSize=101&page=1')

    assert.deepEqual(first, { page: 1, pageSize: 2, total: 5, totalPages: 3 })
    assert.deepEqual(none, { page: 1, pageSize: 20, total: 0, totalPages: 1 })
    assert.deepEqual(large, { page: 1, pageSize: 100, total: 5, totalPages: 1 })
  })

  it('shows an event in full', async () => {
    const { items } = await list(host, '/events?subject=order-1')
    const [event] = items

    assert.partialDeepStrictEqual(event, {
      provider: 'acme',
      eventType: 'order.created',
      subject: 'Order-1',
      occurredAt: '2026-01-03T12:00:00.000Z',
      externalEventId: 'e1',
      normalizedPayload: {
        provider: 'acme',
        eventType: 'order.created',
        externalEventId: 'e1',
        data: { id: 'order-1', total: 42 },
      },
    })
    assert.equal(event?.['createdAt'], event?.['receivedAt'])
  })

  const refused = [
    'page=0',
    'page=-1',
    'page=1.5',
    'page=one',
    'page=',
    'page=1e3',
    'page=99999999999999999999',
    'page=1&page=2',
    'pageSize=0',
    'pageSize=-5',
    'pageSize=ten',
    'status=done',
    'status=',
    'status=PENDING',
    'provider=',
    'eventType=',
    'subject=',
    'subject=%00',
    'from=yesterday',
    'from=2026-01-01',
    'from=2026-13-01T00:00:00Z',
    'from=2016-12-31T23:59:60Z',
    'to=1767225600000',
    'from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z',
    'sortBy=subject',
    'sortBy=',
    'sortOrder=up',
    'sortOrder=DESC',
    'unknown=1',
  ]
  for (const query of refused) {
    it(`refuses ?${query}`, async () => {
      const { status, json } = await host.send(`/api/v1/events?${query}`, { headers: operator })

      assert.equal(status, 400)
      assert.equal(json['error']?.['code'], 'VALIDATION_ERROR')
      const errors = json['error']?.['details']?.['errors']
      assert.ok(Array.isArray(errors) && errors.length > 0)
      assert.deepEqual(Object.keys(errors[0]), ['pointer', 'message'])
    })
  }
})

describe('one event', () => {
  let host: IngressHost
  let id: string
  before(async () => {
    host = await startIngress()
    const body = `{ "eventId": "e1", "eventType": "order.created", "occurredAt": "2026-01-03T12:00:00Z",
      "data": { "id": "order-1", "price": 1.0, "big": 12345678901234567890 } }`
    const { status, json } = await host.send(...signedAcme(body, { 'user-agent': 'acme/1.0' }))
    assert.equal(status, 202)
    id = String(json['data']?.['eventId'])
  })
  after(() => host[Symbol.asyncDispose]())

  it('is shown with the request it came with', async () => {
    const { data } = await host.get(`/events/${id}`)

    assert.deepEqual(Object.keys(data ?? {}), [
      'event',
      'webhook',
      'deliveryAttempts',
      'processingJobs',
    ])
    assert.partialDeepStrictEqual(data?.['webhook'], {
      externalEventId: 'e1',
      idempotencyKey: 'acme:e1',
      signatureValid: true,
      sourceIp: '127.0.0.1',
      requestHeaders: { 'user-agent': 'acme/1.0', 'x-acme-signature': '***' },
    })
    const oldest = Object.values(data?.['processingJobs'] ?? {}).at(-1)
    assert.partialDeepStrictEqual(oldest, {
      normalizedEventId: id,
      triggeredBy: 'webhook',
      attemptNo: 1,
    })
  })

  it('has the numbers that the provider wrote', async () => {
    const { text } = await host.send(`/api/v1/events/${id}`, { headers: operator })

    const [payload, raw] = text.split('"webhook":')
    for (const part of [payload, raw]) {
      assert.match(part ?? '', /"price": ?1\.0, ?"big": ?12345678901234567890/)
    }
  })

  it('is found whatever the case of its id', async () => {
    assert.equal((await host.event(id.toUpperCase()))['id'], id)
  })

  for (const path of ['/events/ID/status', '/processing-status/ID']) {
    it(`says how it stands at ${path}`, async () => {
      const { data } = await host.get(path.replace('ID', id))

      const { jobs, ...standing } = data ?? {}
      assert.deepEqual(Object.keys(standing), [
        'eventId',
        'status',
        'processingAttempts',
        'lastError',
        'lastProcessedAt',
      ])
      assert.equal(standing['eventId'], id)
      assert.ok(Array.isArray(jobs) && jobs.length > 0)
    })
  }

  const unknown = '00000000-0000-4000-8000-000000000000'
  const ofOne: readonly (readonly [method: string, path: string, message: string])[] = [
    ['GET', '/events/ID', `Event ${unknown} was not found`],
    ['GET', '/events/ID/status', `Event ${unknown} was not found`],
    ['GET', '/processing-status/ID', `Event ${unknown} was not found`],
    ['POST', '/events/ID/replay', `Event ${unknown} was not found`],
    ['GET', '/replays/ID', `Replay ${unknown} was not found`],
  ]
  for (const [method, path, message] of ofOne) {
    const call = (given: string) =>
      host.send(`/api/v1${path.replace('ID', given)}`, {
        method,
        headers: { ...operator, 'content-type': 'application/json' },
        ...(method === 'POST' && { body: '{"reason":"it was lost"}' }),
      })

    it(`is not found: ${method} ${path}`, async () => {
      const { status, json } = await call(unknown)

      assert.equal(status, 404)
      assert.deepEqual(json, {
        success: false,
        error: { code: 'NOT_FOUND', message, details: {} },
      })
    })

    it(`has a UUID: ${method} ${path}`, async () => {
      for (const wrong of ['1', 'no-uuid', `${unknown}0`, unknown.slice(1), `%7B${unknown}%7D`]) {
        const { status, json } = await call(wrong)

        assert.equal(status, 400, wrong)
        assert.equal(json['error']?.['code'], 'VALIDATION_ERROR')
      }
    })
  }
})
