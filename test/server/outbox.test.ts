import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Outcome } from '../../src/bus/outcome.ts'
import { CarabinerError } from '../../src/errors.ts'
import { newDeliveryId, newMessageId } from '../../src/ids.ts'
import type { Cause, HostFace } from '../../src/server/host-face.ts'
import type { AttemptRow, DeliveryFilter, DeliveryRow, Message } from '../../src/store/store.ts'
import { aFace, anOutcome, refusedByHost, secret, servedHost } from '../helpers/served-host.ts'

const row: DeliveryRow = {
  id: newDeliveryId(),
  messageId: newMessageId(),
  endpoint: 'webhooks/audit',
  state: 'dead',
  attempts: 1,
  dueAt: Date.UTC(2026, 0, 1),
  lastError: `503 from ${secret}`,
  createdAt: Date.UTC(2026, 0, 1),
  settledAt: Date.UTC(2026, 0, 2),
  redeliveryOf: null,
}
const shown = {
  id: row.id,
  messageId: row.messageId,
  endpoint: 'webhooks/audit',
  state: 'dead',
  attempts: 1,
  dueAt: '2026-01-01T00:00:00.000Z',
  lastError: '503 from ••••',
  createdAt: '2026-01-01T00:00:00.000Z',
  settledAt: '2026-01-02T00:00:00.000Z',
}
const message: Message = {
  id: row.messageId,
  origin: 'webhook',
  type: 'after:adjust',
  contentType: 'application/json',
  body: new Uint8Array(),
  headers: {},
  traceId: 'trace',
  depth: 0,
  tenant: null,
  createdAt: row.createdAt,
}
const attempt: AttemptRow = {
  number: 1,
  startedAt: Date.UTC(2026, 0, 1),
  durationMs: 12,
  phases: { connect: 3 },
  outcome: 'retryable',
  status: 503,
  responseHeaders: { 'x-echo': secret },
  responseBody: Buffer.from(`busy, ${secret}`),
  error: null,
}

describe('GET /api/v1/outbox', () => {
  it('lists a page of deliveries with the cursor of the next', async () => {
    const store = aStore({ deliveries: async () => ({ rows: [row], nextCursor: 'next' }) })
    await using host = await servedHost({ face: { store } })

    const answer = await host.request('/api/v1/outbox')

    assert.equal(answer.status, 200)
    assert.deepEqual(answer.json, { success: true, data: [shown], meta: { nextCursor: 'next' } })
  })

  it('masks the query of the URL that a tenant’s endpoint is known by', async () => {
    const endpoint = `tenant/acme/suite/* https://hooks.example.com/all?token=${secret}`
    const store = aStore({
      deliveries: async () => ({ rows: [{ ...row, endpoint }], nextCursor: null }),
    })
    await using host = await servedHost({ face: { store } })

    const { json } = await host.request('/api/v1/outbox')

    assert.equal(
      json['data']?.['0']?.['endpoint'],
      'tenant/acme/suite/* https://hooks.example.com/all?token=••••',
    )
  })

  it('asks the store for what the query says', async () => {
    const filters: DeliveryFilter[] = []
    const deliveries: HostFace['store']['deliveries'] = async (filter) => {
      filters.push(filter)
      return { rows: [], nextCursor: null }
    }
    await using host = await servedHost({ face: { store: aStore({ deliveries }) } })

    const range = 'from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00%2B01:00'
    const answer = await host.request(
      `/api/v1/outbox?state=dead&endpoint=webhooks/audit&${range}&cursor=abc&limit=5`,
    )

    assert.deepEqual(answer.json['meta'], { nextCursor: null })
    assert.deepEqual(filters, [
      {
        state: 'dead',
        endpoint: 'webhooks/audit',
        cursor: 'abc',
        limit: 5,
        from: Date.UTC(2026, 0, 1),
        to: Date.UTC(2026, 0, 1, 23),
      },
    ])
  })

  const refused = [
    'state=gone',
    'state=dead&state=pending',
    'endpoint=%00',
    'from=2016-12-31T23:59:60Z',
    'from=2026-01-01T00:00:00%2B05',
    'from=2026-01-01%0A00:00:00Z',
    'limit=0',
    'limit=1001',
    'limit=1e2',
    'limit=05',
    'limit=x',
    'limit=',
    'from=yesterday',
    'from=2026-02-30T00:00:00Z',
    'to=1767225600000',
    'endpoint=',
    'page=2',
    '__proto__=1',
  ]
  for (const query of refused) {
    it(`refuses ?${query}`, async () => {
      const deliveries = (): never => assert.fail('must not be asked')
      await using host = await servedHost({ face: { store: aStore({ deliveries }) } })

      const answer = await host.request(`/api/v1/outbox?${query}`)

      assert.equal(answer.status, 400)
      assert.equal(answer.json['error']?.['code'], 'VALIDATION_ERROR')
      assert.ok(Array.isArray(answer.json['error']?.['details']?.['errors']))
    })
  }

  it('refuses a cursor that the store refuses', async () => {
    const deliveries = (): Promise<never> =>
      Promise.reject(new CarabinerError('USAGE', 'cursor must be the nextCursor of a page'))
    await using host = await servedHost({ face: { store: aStore({ deliveries }) } })

    const answer = await host.request('/api/v1/outbox?cursor=made-up')

    assert.equal(answer.status, 400)
    assert.equal(answer.json['error']?.['code'], 'VALIDATION_ERROR')
  })
})

describe('GET /api/v1/outbox/:deliveryId', () => {
  it('shows a delivery with its attempts, and no secret', async () => {
    await using host = await servedHost({ face: { store: storeWithRow() } })

    const answer = await host.request(`/api/v1/outbox/${row.id}`)

    assert.deepEqual(answer.json['data'], {
      ...shown,
      attempts: [
        {
          number: 1,
          startedAt: '2026-01-01T00:00:00.000Z',
          durationMs: 12,
          phases: { connect: 3 },
          outcome: 'retryable',
          status: 503,
          responseHeaders: { 'x-echo': '••••' },
          responseBody: 'busy, ••••',
          error: null,
        },
      ],
    })
  })

  it('is 404 for a delivery that does not exist, 400 for what is no id', async () => {
    await using host = await servedHost({ face: { store: storeWithRow() } })
    const id = newDeliveryId()

    const unknown = await host.request(`/api/v1/outbox/${id}`)
    const malformed = await host.request('/api/v1/outbox/17')

    assert.equal(unknown.status, 404)
    assert.equal(unknown.json['error']?.['message'], `Delivery ${id} was not found`)
    assert.equal(malformed.status, 400)
    assert.equal(malformed.json['error']?.['code'], 'VALIDATION_ERROR')
  })
})

describe('POST /api/v1/outbox/:deliveryId/redeliver', () => {
  const callers: readonly [Record<string, string>, string][] = [
    [{}, 'operators'],
    [{ 'x-actor': 'ada' }, 'ada'],
  ]
  for (const [headers, actor] of callers) {
    it(`stores a new delivery on behalf of ${actor}`, async () => {
      const asked: [unknown, Cause][] = []
      const redelivery: DeliveryRow = { ...row, id: newDeliveryId(), state: 'pending', attempts: 0 }
      const redeliver: HostFace['redeliver'] = async (filter, cause) => {
        asked.push([filter, cause])
        const results = [{ connector: 'host', value: { deliveryId: redelivery.id } }]
        return anOutcome({ kind: 'completed', results })
      }
      await using host = await servedHost({
        face: { store: storeWith(row, redelivery), redeliver },
      })

      const answer = await host.request(`/api/v1/outbox/${row.id.toUpperCase()}/redeliver`, {
        method: 'POST',
        headers: { 'x-trace-id': 'mine', ...headers },
      })

      assert.equal(answer.status, 202)
      assert.equal(answer.json['data']?.['id'], redelivery.id)
      assert.deepEqual(asked, [[{ deliveryId: row.id }, { actor, traceId: 'mine' }]])
    })
  }

  it('is 404 for a delivery that does not exist', async () => {
    const redeliver = (): never => assert.fail('must not be asked')
    await using host = await servedHost({ face: { store: storeWithRow(), redeliver } })

    const answer = await host.request(`/api/v1/outbox/${newDeliveryId()}/redeliver`, {
      method: 'POST',
    })

    assert.equal(answer.status, 404)
  })

  it('is 409 when the endpoint is no longer in the assembly', async () => {
    await using host = await servedHost({ face: { store: storeWithRow() } })

    const answer = await host.request(`/api/v1/outbox/${row.id}/redeliver`, { method: 'POST' })

    assert.equal(answer.status, 409)
    assert.equal(answer.json['error']?.['code'], 'CONFLICT')
  })

  const thrown = [
    ['DELIVERY_UNSETTLED', 409, 'CONFLICT'],
    ['DELIVERY_UNKNOWN', 404, 'NOT_FOUND'],
    ['ENDPOINT_DISABLED', 409, 'CONFLICT'],
    ['MESSAGE_ERASED', 409, 'CONFLICT'],
    ['STORE_UNAVAILABLE', 503, 'DEPENDENCY_UNAVAILABLE'],
  ] as const
  for (const [code, status, answered] of thrown) {
    it(`is ${status} when the engine says ${code}`, async () => {
      const redeliver = async (): Promise<Outcome> =>
        refusedByHost(code, `delivery ${row.id} is not to be sent again`)
      await using host = await servedHost({ face: { store: storeWithRow(), redeliver } })

      const answer = await host.request(`/api/v1/outbox/${row.id}/redeliver`, { method: 'POST' })

      assert.equal(answer.status, status)
      assert.equal(answer.json['error']?.['code'], answered)
      assert.match(
        String(answer.json['error']?.['message']),
        /not to be sent again|^the store is away$/,
      )
    })
  }

  it('is 409 with the outcome when a connector vetoes it', async () => {
    const veto = { kind: 'cancelled', by: 'freeze', reason: 'not on a Friday', also: [] } as const
    const redeliver = async (): Promise<Outcome> => anOutcome(veto)
    await using host = await servedHost({ face: { store: storeWithRow(), redeliver } })

    const answer = await host.request(`/api/v1/outbox/${row.id}/redeliver`, { method: 'POST' })

    assert.equal(answer.status, 409)
    assert.equal(answer.json['error']?.['code'], 'EVENT_CANCELLED')
    assert.equal(answer.json['error']?.['details']?.['reason'], 'not on a Friday')
  })

  it('refuses a body it would ignore', async () => {
    const redeliver = (): never => assert.fail('must not be asked')
    await using host = await servedHost({ face: { store: storeWithRow(), redeliver } })

    const answer = await host.request(`/api/v1/outbox/${row.id}/redeliver`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"state":"dead"}',
    })

    assert.equal(answer.status, 400)
  })
})

function aStore(given: Partial<HostFace['store']>): HostFace['store'] {
  return { ...aFace().store, ...given }
}

function storeWithRow(): HostFace['store'] {
  return storeWith(row)
}

function storeWith(...rows: readonly DeliveryRow[]): HostFace['store'] {
  return aStore({
    delivery: async (id) => {
      const delivery = rows.find((each) => each.id === id)
      return delivery && { delivery, message, attempts: [attempt], erasedAt: null }
    },
  })
}
