import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Outcome } from '../../src/bus/outcome.ts'
import { newRedeliveryId } from '../../src/ids.ts'
import type { Cause, HostFace } from '../../src/server/host-face.ts'
import type { Redelivery } from '../../src/store/redelivery.ts'
import { aFace, anOutcome, refusedByHost, servedHost } from '../helpers/served-host.ts'

const redelivery: Redelivery = {
  id: newRedeliveryId(),
  filter: { state: 'dead', from: Date.UTC(2026, 0, 1) },
  actor: 'operators',
  state: 'running',
  matched: 10,
  processed: 4,
  redelivered: 3,
  skipped: 1,
  createdAt: Date.UTC(2026, 0, 2),
  finishedAt: null,
}
const shown = {
  ...redelivery,
  filter: { state: 'dead', endpoint: null, from: '2026-01-01T00:00:00.000Z', to: null },
  createdAt: '2026-01-02T00:00:00.000Z',
  finishedAt: null,
}

describe('POST /api/v1/redeliveries', () => {
  it('asks for what the body says, and answers with what matches', async () => {
    const asked: [unknown, Cause][] = []
    const redeliver: HostFace['redeliver'] = async (filter, cause) => {
      asked.push([filter, cause])
      return madeMany
    }
    await using host = await servedHost({ face: { redeliver } })
    const filter = {
      endpoint: 'webhooks/audit',
      state: 'cancelled',
      from: '2026-01-01T00:00:00Z',
      to: '2026-01-02T00:00:00+01:00',
    }

    const answer = await host.request('/api/v1/redeliveries', {
      ...post(filter),
      headers: { ...json, 'x-trace-id': 'mine', 'x-actor': 'ada' },
    })

    assert.equal(answer.status, 202)
    assert.deepEqual(answer.json['data'], { redeliveryId: redelivery.id, matched: 10 })
    assert.equal(answer.headers.get('location'), `/api/v1/redeliveries/${redelivery.id}`)
    assert.deepEqual(asked, [[filter, { actor: 'ada', traceId: 'mine' }]])
  })

  it('takes everything dead when nothing else is said', async () => {
    const asked: unknown[] = []
    const redeliver: HostFace['redeliver'] = async (filter) => {
      asked.push(filter)
      return madeMany
    }
    await using host = await servedHost({ face: { redeliver } })

    await host.request('/api/v1/redeliveries', post({}))

    assert.deepEqual(asked, [{ state: 'dead' }])
  })

  const refused: readonly [object, string][] = [
    [{ state: 'pending' }, '/state'],
    [{ endpoint: '' }, '/endpoint'],
    [{ from: 'yesterday' }, '/from'],
    [{ from: '2026-01-01T00:00:00+05' }, '/from'],
    [{ to: 1767225600000 }, '/to'],
    [{ from: '2026-01-02T00:00:00Z', to: '2026-01-02T00:00:00Z' }, '/to'],
    [{ cursor: 'a' }, ''],
    [[], ''],
  ]
  for (const [body, pointer] of refused) {
    it(`refuses ${JSON.stringify(body)}`, async () => {
      const redeliver = (): never => assert.fail('must not be asked')
      await using host = await servedHost({ face: { redeliver } })

      const answer = await host.request('/api/v1/redeliveries', post(body))

      assert.equal(answer.status, 400)
      assert.equal(answer.json['error']?.['code'], 'VALIDATION_ERROR')
      const errors: unknown = answer.json['error']?.['details']?.['errors']
      assert.ok(Array.isArray(errors))
      assert.ok(
        errors.some((error) => error.pointer === pointer),
        JSON.stringify(errors),
      )
    })
  }

  const refusals = [
    ['ENDPOINT_UNKNOWN', 409, 'not this one'],
    ['ENDPOINT_DISABLED', 409, 'not this one'],
    ['STORE_UNAVAILABLE', 503, 'the store is away'],
  ] as const
  for (const [code, status, message] of refusals) {
    it(`is ${status} when the host says ${code}`, async () => {
      const redeliver = async (): Promise<Outcome> => refusedByHost(code, 'not this one')
      await using host = await servedHost({ face: { redeliver } })

      const answer = await host.request('/api/v1/redeliveries', post({ endpoint: 'a/b' }))

      assert.equal(answer.status, status)
      assert.equal(answer.json['error']?.['message'], message)
    })
  }

  it('is 409 with the outcome when a connector vetoes it', async () => {
    const veto = { kind: 'cancelled', by: 'freeze', reason: 'not on a Friday', also: [] } as const
    const redeliver = async (): Promise<Outcome> => anOutcome(veto)
    await using host = await servedHost({ face: { redeliver } })

    const answer = await host.request('/api/v1/redeliveries', post({}))

    assert.equal(answer.status, 409)
    assert.equal(answer.json['error']?.['code'], 'EVENT_CANCELLED')
    assert.equal(answer.json['error']?.['details']?.['reason'], 'not on a Friday')
  })
})

describe('GET /api/v1/redeliveries', () => {
  it('lists a page with the cursor of the next', async () => {
    const asked: unknown[] = []
    const redeliveries: HostFace['store']['redeliveries'] = async (filter) => {
      asked.push(filter)
      return { rows: [redelivery], nextCursor: 'next' }
    }
    await using host = await servedHost({ face: { store: aStore({ redeliveries }) } })

    const answer = await host.request('/api/v1/redeliveries?state=running&cursor=abc&limit=5')

    assert.deepEqual(answer.json, { success: true, data: [shown], meta: { nextCursor: 'next' } })
    assert.deepEqual(asked, [{ state: 'running', cursor: 'abc', limit: 5 }])
  })

  it('shows one, and is 404 for another', async () => {
    const store = aStore({
      redelivery: async (id) => (id === redelivery.id ? redelivery : undefined),
    })
    await using host = await servedHost({ face: { store } })

    const found = await host.request(`/api/v1/redeliveries/${redelivery.id.toUpperCase()}`)
    const unknown = await host.request(`/api/v1/redeliveries/${newRedeliveryId()}`)
    const malformed = await host.request('/api/v1/redeliveries/17')

    assert.deepEqual(found.json['data'], shown)
    assert.equal(unknown.status, 404)
    assert.equal(malformed.status, 400)
  })
})

describe('DELETE /api/v1/redeliveries/:redeliveryId', () => {
  it('stops it and says where it stands', async () => {
    const asked: [string, Cause][] = []
    const stopped: Redelivery = {
      ...redelivery,
      state: 'stopped',
      finishedAt: Date.UTC(2026, 0, 3),
    }
    const stopRedelivery: HostFace['stopRedelivery'] = async (id, cause) => {
      asked.push([id, cause])
      return stopped
    }
    await using host = await servedHost({ face: { stopRedelivery } })

    const answer = await host.request(`/api/v1/redeliveries/${redelivery.id}`, {
      method: 'DELETE',
      headers: { 'x-actor': 'ada', 'x-trace-id': 'mine' },
    })

    assert.equal(answer.status, 200)
    assert.equal(answer.json['data']?.['state'], 'stopped')
    assert.equal(answer.json['data']?.['finishedAt'], '2026-01-03T00:00:00.000Z')
    assert.deepEqual(asked, [[redelivery.id, { actor: 'ada', traceId: 'mine' }]])
  })

  it('is 404 for one that does not exist', async () => {
    await using host = await servedHost()

    const answer = await host.request(`/api/v1/redeliveries/${newRedeliveryId()}`, {
      method: 'DELETE',
    })

    assert.equal(answer.status, 404)
  })
})

const json = { 'content-type': 'application/json' }
const madeMany = anOutcome({
  kind: 'completed',
  results: [{ connector: 'host', value: { redeliveryId: redelivery.id, matched: 10 } }],
})

function post(body: object): RequestInit {
  return { method: 'POST', headers: json, body: JSON.stringify(body) }
}

function aStore(given: Partial<HostFace['store']>): HostFace['store'] {
  return { ...aFace().store, ...given }
}
