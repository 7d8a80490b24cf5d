import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { request } from '../../helpers/served-host.ts'
import { type CallbacksHost, hour, idsIn, startCallbacks } from './callbacks-host.ts'

const nobodys = '0b0e7d5c-5b0e-4b9c-9d0a-6a1f0c2d3e4f'
const actions = ['complete', 'fail', 'heartbeat'] as const
const bodies = { complete: { payload: 1 }, fail: { error: 'no' }, heartbeat: {} }

describe('/api/v1/callbacks', () => {
  let host: CallbacksHost
  before(async () => {
    host = await startCallbacks({ stanza: `secret: "${'07'.repeat(32)}"\nsweep: 1h` })
  })
  after(() => host[Symbol.asyncDispose]())

  for (const [action, state] of [
    ['complete', 'Completed'],
    ['fail', 'Failed'],
    ['heartbeat', 'WaitingExternal'],
  ] as const) {
    it(`${action}: answers { id, state }, and notes who did it`, async () => {
      const id = await host.create()
      const path = `/api/v1/callbacks/${id}/${action}`

      const { status, json } = await host.post(path, bodies[action], { 'x-actor': 'ada' })
      const again = await host.post(path, bodies[action])

      assert.deepEqual([status, json], [200, { success: true, data: { id, state }, meta: {} }])
      assert.equal(again.status, action === 'heartbeat' ? 200 : 404)
      const rows = await host.audited(id)
      assert.equal(rows[0]?.[1], 'ada')
      assert.equal(rows.length, action === 'heartbeat' ? 2 : 1)
    })

    it(`${action}: needs the key`, async () => {
      const id = await host.create()
      const url = `${host.project.url}/api/v1/callbacks/${id}/${action}`

      const { status } = await request(url, { method: 'POST', body: '{}' })

      assert.equal(status, 401)
      assert.deepEqual(await host.audited(id), [])
    })

    it(`${action}: says in the words of the wire why it is not taken`, async () => {
      const path = (id: string) => `/api/v1/callbacks/${id}/${action}`

      const unknown = await host.post(path(nobodys), bodies[action])
      const noId = await host.post(path('abc'), bodies[action])
      const noObject = await host.post(path(nobodys), [1])

      assert.deepEqual(
        [unknown.status, unknown.json['error']?.['code'], unknown.json['error']?.['message']],
        [404, 'NOT_FOUND', `callback not found: ${nobodys}`],
      )
      assert.deepEqual(
        [noId.status, noId.json['error']?.['code'], noId.json['error']?.['message']],
        [400, 'VALIDATION_ERROR', 'validation error: callback id must be a UUID'],
      )
      assert.deepEqual(
        [noObject.status, noObject.json['error']?.['message']],
        [400, 'validation error: body must be a JSON object'],
      )
    })
  }

  it('refuses bodies that are too long, or not JSON, and other methods', async () => {
    const id = await host.create()
    const path = `/api/v1/callbacks/${id}/complete`
    const body = JSON.stringify({ payload: 'x'.repeat(1_048_576) })

    const long = await host.operate(path, { method: 'POST', body })
    const broken = await host.operate(path, { method: 'POST', body: '{' })
    const got = await host.operate(path)

    assert.deepEqual([long.status, broken.status, got.status], [413, 400, 405])
    assert.equal(broken.json['error']?.['message'], 'validation error: body is not JSON')
    assert.deepEqual(await host.audited(id), [])
  })

  it('shows one callback, its payload as it came', async () => {
    const { id } = await host.book.create({ waiter: 'w', timeoutMs: hour, meta: { order: 7 } })
    await host.operate(`/api/v1/callbacks/${id}/complete`, {
      method: 'POST',
      body: '{"payload": {"price": 1.0, "n": 12345678901234567890}}',
    })

    const { status, text, json } = await host.operate(`/api/v1/callbacks/${id.toUpperCase()}`)

    assert.equal(status, 200)
    assert.ok(text.includes('"payload":{"price": 1.0, "n": 12345678901234567890}'), text)
    const { payload: _, createdAt, deadline, resolvedAt, ...shown } = Object(json['data'])
    assert.deepEqual(shown, {
      ...{ id, state: 'Completed', waiter: 'w', by: null, event: null, dispatchId: null },
      ...{ meta: { order: 7 }, resolvedBy: 'complete', error: null },
    })
    assert.equal(Date.parse(deadline) - Date.parse(createdAt), hour)
    assert.match(resolvedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    const [unknown, noId] = [
      await host.operate(`/api/v1/callbacks/${nobodys}`),
      await host.operate('/api/v1/callbacks/abc'),
    ]
    assert.deepEqual([unknown.status, noId.status], [404, 400])
  })

  it('lists callbacks by state, page by page, without payloads', async () => {
    const made = await Promise.all(Array.from({ length: 5 }, () => host.create()))
    for (const id of made) await host.book.fail(id, 'for the list')

    const seen: string[] = []
    let cursor = ''
    do {
      const { json, text } = await host.operate(
        `/api/v1/callbacks?state=Failed&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`,
      )
      assert.ok(!text.includes('payload'))
      const rows: unknown = json['data']
      assert.ok(Array.isArray(rows) && rows.length <= 2)
      seen.push(...rows.map(({ id }) => String(id)))
      cursor = String(json['meta']?.['nextCursor'] ?? '')
    } while (cursor !== '')

    assert.deepEqual(
      made.filter((id) => !seen.includes(id)),
      [],
    )
    assert.equal(new Set(seen).size, seen.length)
  })

  it('refuses queries that cannot be', async () => {
    for (const query of ['state=waiting', 'limit=0', 'limit=1001', 'cursor=abc', 'colour=red']) {
      const { status } = await host.operate(`/api/v1/callbacks?${query}`)
      assert.equal(status, 400, query)
    }
    const first = await host.operate('/api/v1/callbacks?limit=1')
    assert.equal(idsIn(first).length, 1)
  })

  it('is described with each of its operations, and so are the three routes', async () => {
    const { json } = await request(`${host.project.url}/openapi.json`)
    const paths = Object.keys(json['paths'] ?? {}).filter((path) => path.includes('callbacks'))

    assert.deepEqual(
      paths.toSorted(),
      [
        ...actions.map((action) => `/api/callbacks/{id}/${action}`),
        '/api/v1/callbacks',
        '/api/v1/callbacks/{id}',
        ...actions.map((action) => `/api/v1/callbacks/{id}/${action}`),
      ].toSorted(),
    )
  })
})
