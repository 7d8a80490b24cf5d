import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { request, secret, servedHost } from '../helpers/served-host.ts'
import { aRoute } from '../helpers/served-route.ts'

const said = aRoute({
  path: '/v1/said',
  operation: { id: 'said', summary: `Not ${secret}` },
})

describe('GET /openapi.json', () => {
  it('describes the routes that are served now, without secrets', async () => {
    await using host = await servedHost({
      routes: [said],
      config: { publicUrl: 'https://a.example' },
    })

    const { status, json, text, headers } = await request(`${host.url}/openapi.json`)
    await host.serve([])
    const later = await request(`${host.url}/openapi.json`)

    assert.equal(status, 200)
    assert.match(headers.get('content-type') ?? '', /^application\/json/)
    assert.deepEqual(Object.keys(json['paths'] ?? {}), ['/health', '/v1/said'])
    assert.deepEqual(json['servers'], [{ url: 'https://a.example' }])
    assert.equal(json['info']?.['version'], '1.2.3')
    assert.ok(!text.includes(secret))
    assert.deepEqual(Object.keys(later.json['paths'] ?? {}), ['/health'])
  })

  it('is public', async () => {
    const listeners = [{ serve: ['public'] as const }, { serve: ['management'] as const }]
    await using host = await servedHost({ listeners })

    const [open, closed] = await Promise.all(host.urls.map((url) => request(`${url}/openapi.json`)))

    assert.deepEqual([open?.status, closed?.status], [200, 404])
  })
})
