import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { receiver } from '../../../helpers/receiver.ts'
import { type IngressHost, startIngress } from '../ingress-host.ts'
import { fieldOf, list, operator } from './operator.ts'

const vetoer = `import { defineConnector } from 'carabiner'

export default defineConnector({
  name: 'vetoer',
  setup({ before }) {
    before('ingress.replay', ({ params, cancel }) => {
      if (params.reason.includes('forbidden')) cancel('not without the auditor')
      if (params.reason.includes('broken')) throw new Error('the auditor is ill')
    })
  },
})
`

describe('POST /api/v1/events/:id/replay', () => {
  let host: IngressHost
  let id: string
  before(async () => {
    host = await startIngress({
      connectors: 'vetoer: ./vetoer.ts',
      files: { 'vetoer.ts': vetoer },
    })
    id = await host.accepted()
  })
  after(() => host[Symbol.asyncDispose]())

  const replay = (body: unknown) =>
    host.send(`/api/v1/events/${id}/replay`, {
      method: 'POST',
      headers: { ...operator, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })

  it('records the replay, which is found by its id and in the list', async () => {
    const { status, json } = await replay({ reason: 'it was lost', requestedBy: 'anna' })

    assert.equal(status, 202)
    assert.deepEqual(json['meta'], {})
    const { replayRequestId, eventId } = json['data'] ?? {}
    assert.equal(eventId, id)
    const { data } = await host.get(`/replays/${replayRequestId}`)
    assert.partialDeepStrictEqual(data, {
      id: replayRequestId,
      eventId: id,
      requestedBy: 'anna',
      reason: 'it was lost',
    })
    const { items } = await list(host, `/replays?eventId=${id}&pageSize=1`)
    assert.deepEqual(fieldOf(items, 'id'), [replayRequestId])
  })

  it('is asked for by api-user when nobody says who', async () => {
    const { json } = await replay({ reason: 'it was lost' })

    const { data } = await host.get(`/replays/${json['data']?.['replayRequestId']}`)
    assert.equal(data?.['requestedBy'], 'api-user')
  })

  it('is refused when a before handler says no: nothing is recorded', async () => {
    const { meta: earlier } = await list(host, '/replays')

    const { status, json } = await replay({ reason: 'forbidden fruit' })

    assert.equal(status, 403)
    assert.deepEqual(json['error'], {
      code: 'FORBIDDEN',
      message: 'not without the auditor',
      details: {},
    })
    assert.deepEqual((await list(host, '/replays')).meta, earlier)
  })

  it('fails when a before handler does: nothing is recorded', async () => {
    const { meta: earlier } = await list(host, '/replays')

    const { status, json } = await replay({ reason: 'broken promise' })

    assert.equal(status, 500)
    assert.equal(json['error']?.['code'], 'EVENT_FAILED')
    assert.deepEqual((await list(host, '/replays')).meta, earlier)
  })

  const wrong = [
    undefined,
    {},
    { reason: 'four' },
    { reason: 'x'.repeat(501) },
    { reason: 12_345 },
    { reason: null },
    { reason: 'has a \u0000 in it' },
    { reason: 'has half a \ud83d in it' },
    { reason: 'it was lost', requestedBy: 'a' },
    { reason: 'it was lost', requestedBy: 'a'.repeat(121) },
    { reason: 'it was lost', more: true },
  ]
  for (const body of wrong) {
    it(`refuses ${JSON.stringify(body)?.slice(0, 60)}`, async () => {
      const { status, json } = await replay(body)

      assert.equal(status, 400)
      assert.equal(json['error']?.['code'], 'VALIDATION_ERROR')
    })
  }

  for (const query of ['status=done', 'eventId=1', 'page=0', 'pageSize=x', 'sortBy=status']) {
    it(`refuses to list ?${query}`, async () => {
      for (const path of ['replays', 'deliveries']) {
        const { status } = await host.send(`/api/v1/${path}?${query}`, { headers: operator })
        assert.equal(status, 400, path)
      }
    })
  }
})

describe('what was delivered', () => {
  it('is listed by attempts and replays, newest first', async () => {
    await using endpoint = await receiver({
      answers: [
        { status: 503, body: 'come back' },
        { status: 200, body: 'thanks' },
      ],
    })
    await using host = await startIngress({
      callback: `${endpoint.url}/acme`,
      stanza: 'retry: { preset: gateway, base: 10ms }',
    })
    const id = await host.accepted()
    await host.reaches(id, 'processed')
    const other = await host.accepted({ eventId: 'evt-2' })
    await host.reaches(other, 'processed')

    const { items: all, meta } = await list(host, '/deliveries')
    const { items: failed } = await list(host, '/deliveries?status=failed')
    const { items: own } = await list(host, `/deliveries?eventId=${id}`)
    const { items: second, meta: ofOwn } = await list(
      host,
      `/deliveries?eventId=${id}&status=failed&pageSize=1`,
    )

    assert.deepEqual(meta, { page: 1, pageSize: 20, total: 3, totalPages: 1 })
    assert.deepEqual(fieldOf(all, 'normalizedEventId'), [other, id, id])
    assert.deepEqual(fieldOf(own, 'attemptNo'), [2, 1])
    assert.deepEqual(fieldOf(own, 'httpStatus'), [200, 503])
    assert.deepEqual(fieldOf(own, 'responseBody'), ['thanks', 'come back'])
    assert.deepEqual(fieldOf(own, 'errorMessage'), [null, 'Remote endpoint returned 503'])
    assert.deepEqual(failed, second)
    assert.deepEqual(ofOwn, { page: 1, pageSize: 1, total: 1, totalPages: 1 })
  })

  it('shows in the event: how it stands, its attempts and its jobs', async () => {
    await using endpoint = await receiver({ answers: [500, 500, 500, 204] })
    await using host = await startIngress({
      callback: endpoint.url,
      stanza: 'retry: { preset: gateway, base: 10ms }',
    })
    const id = await host.accepted()
    await host.reaches(id, 'failed')
    const { json } = await host.replay(id)
    await host.reaches(id, 'processed')

    const { data } = await host.get(`/events/${id}`)
    const { data: standing } = await host.get(`/events/${id}/status`)
    const { data: replayed } = await host.get(`/replays/${json['data']?.['replayRequestId']}`)

    const jobs = Object.values(data?.['processingJobs'] ?? {})
    assert.deepEqual(fieldOf(jobs, 'triggeredBy'), ['replay', 'retry', 'retry', 'webhook'])
    assert.deepEqual(fieldOf(jobs, 'status'), ['succeeded', 'failed', 'failed', 'failed'])
    const attempts = Object.values(data?.['deliveryAttempts'] ?? {})
    assert.deepEqual(fieldOf(attempts, 'httpStatus'), [204, 500, 500, 500])
    assert.partialDeepStrictEqual(standing, {
      eventId: id,
      status: 'processed',
      processingAttempts: 4,
      lastError: null,
    })
    assert.equal(replayed?.['status'], 'completed')
  })
})

describe('GET /api/v1/integrations', () => {
  it('shows them without their secrets; those that are off unless only active ones are wanted', async () => {
    await using host = await startIngress({
      integrations: [
        "{ provider: globex, secret: a-token-of-globex, callback_url: 'https://example.com/?token=hidden-in-it', active: false }",
      ],
    })

    const { items, meta } = await list(host, '/integrations?activeOnly=false')
    const active = await list(host, '/integrations?activeOnly=true')
    const named = await list(host, '/integrations?provider=globex')

    assert.deepEqual(fieldOf(items, 'provider'), ['acme', 'globex'])
    assert.deepEqual(meta, { total: 2 })
    assert.deepEqual(Object.keys(items[0] ?? {}), [
      'id',
      'provider',
      'callbackUrl',
      'active',
      'createdAt',
      'updatedAt',
    ])
    assert.doesNotMatch(JSON.stringify(items), /hidden-in-it|a-token-of|a-secret-of/)
    assert.deepEqual(fieldOf(active.items, 'provider'), ['acme'])
    assert.deepEqual(named.items, [items[1]])
    const { status } = await host.send('/api/v1/integrations?activeOnly=yes', { headers: operator })
    assert.equal(status, 400)
  })
})
