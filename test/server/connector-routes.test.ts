import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Type } from 'typebox'
import type { ConnectorRoute, RouteRequest } from '../../src/connector/connector.ts'
import type { Scope } from '../../src/connector/scope.ts'
import type { ServedRoute } from '../../src/server/host-face.ts'
import { request, servedHost } from '../helpers/served-host.ts'

describe('a connector’s route', () => {
  it('under /api/v1 needs the key and is answered in the envelope', async () => {
    const routes = () => [aRoute({ path: '/api/v1/things/:id', handle: ({ params }) => params })]
    await using host = await servedHost({ face: { routes } })

    const without = await request(`${host.url}/api/v1/things/7`)
    const answer = await host.request('/api/v1/things/7')

    assert.equal(without.status, 401)
    assert.deepEqual(answer.json, { success: true, data: { id: '7' }, meta: {} })
  })

  it('under /v1 is public and answered as it is', async () => {
    const routes = () => [aRoute({ path: '/v1/things', handle: () => ({ ok: true }) })]
    await using host = await servedHost({ face: { routes } })

    const answer = await request(`${host.url}/v1/things`)

    assert.equal(answer.status, 200)
    assert.deepEqual(answer.json, { ok: true })
  })

  it('without a result is 204 under /v1', async () => {
    const routes = () => [aRoute({ path: '/v1/things', handle: () => undefined })]
    await using host = await servedHost({ face: { routes } })

    const answer = await request(`${host.url}/v1/things`)

    assert.deepEqual([answer.status, answer.text], [204, ''])
  })

  it('gets query and body as its schemas want them, and the scope of its connector', async () => {
    const seen: [RouteRequest, Scope][] = []
    const route = aRoute({
      method: 'POST',
      path: '/api/v1/things',
      query: Type.Object({ count: Type.Integer(), deep: Type.Optional(Type.Boolean()) }),
      body: Type.Object({ name: Type.String(), size: Type.Number({ default: 3 }) }),
      handle: (given, scope) => {
        seen.push([given, scope])
      },
    })
    await using host = await servedHost({ face: { routes: () => [route] } })
    const post = (query: string, body: object) =>
      host.request(`/api/v1/things?${query}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-trace-id': 'mine' },
        body: JSON.stringify(body),
      })

    const good = await post('count=2&deep=true', { name: 'a' })
    const badQuery = await post('count=two', { name: 'a' })
    const badBody = await post('count=2', { name: 7 })
    const textForNumber = await post('count=2', { name: 'a', size: '3' })

    assert.deepEqual(good.json, { success: true, data: null, meta: {} })
    assert.deepEqual([badQuery.status, badBody.status, textForNumber.status], [400, 400, 400])
    assert.equal(badBody.json['error']?.['message'], 'body/name must be a string, is a number')
    assert.equal(seen.length, 1)
    const [given, scope] = seen[0] ?? []
    assert.deepEqual({ ...given?.query }, { count: 2, deep: true })
    assert.deepEqual(given?.body, { name: 'a', size: 3 })
    assert.equal(given?.traceId, 'mine')
    assert.equal(scope, route.scope)
  })

  it('that throws is 500 without its words', async () => {
    const handle = (): never => {
      throw new TypeError('an inner matter')
    }
    const routes = () => [aRoute({ path: '/v1/things', handle })]
    await using host = await servedHost({ face: { routes } })

    const answer = await request(`${host.url}/v1/things`)

    assert.equal(answer.status, 500)
    assert.ok(!answer.text.includes('inner matter'))
  })

  it('is answered 405 for its other methods', async () => {
    const routes = () => [
      aRoute({ path: '/v1/things/:id' }),
      aRoute({ path: '/v1/things/:id', method: 'DELETE' }),
    ]
    await using host = await servedHost({ face: { routes } })

    const answer = await request(`${host.url}/v1/things/7`, { method: 'PUT' })

    assert.equal(answer.status, 405)
    assert.equal(answer.headers.get('allow'), 'DELETE, GET, HEAD')
  })

  for (const path of [
    '/things',
    '/api/v2/things',
    '/v1',
    '/v1/',
    '/v1/*',
    '/v1/:id(\\d+)',
    '/v1/a/',
    '/health',
    '/v1/../health',
  ]) {
    it(`cannot have the path ${path}`, async () => {
      const routes = () => [aRoute({ path })]

      const message = /connector `things` has a route/
      await assert.rejects(servedHost({ face: { routes } }), { code: 'CONNECTOR_FAILED', message })
    })
  }

  for (const path of ['/v1/things', '/api/v1/assembly']) {
    it(`cannot serve ${path} when that is served already`, async () => {
      const routes = () => [aRoute({ path: '/v1/things' }), aRoute({ path })]

      const message = new RegExp(`connector \`things\` cannot serve GET ${path}`)
      await assert.rejects(servedHost({ face: { routes } }), { code: 'CONNECTOR_FAILED', message })
    })
  }
})

function aRoute(given: Partial<ConnectorRoute>): ServedRoute {
  const route: ConnectorRoute = { method: 'GET', path: '/v1/things', handle: () => null, ...given }
  // Proof of the cast: the server only hands the scope on.
  return { connector: 'things', route, scope: { id: 'things' } as Scope }
}
