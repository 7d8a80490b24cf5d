import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { request, servedHost } from '../helpers/served-host.ts'

const origin = 'https://console.example.com'

describe('CORS', () => {
  it('is not there unless configured', async () => {
    await using host = await servedHost()

    const answer = await host.request('/api/v1/assembly', { headers: { origin } })
    const preflight = await request(`${host.url}/api/v1/assembly`, preflightFrom(origin))

    assert.equal(answer.headers.get('access-control-allow-origin'), null)
    assert.equal(preflight.headers.get('access-control-allow-origin'), null)
    assert.equal(preflight.status, 401)
  })

  it('lets pages of the configured origins in, with the key', async () => {
    await using host = await servedHost({ config: { cors: { origins: [origin] } } })

    const preflight = await request(`${host.url}/api/v1/assembly`, preflightFrom(origin))
    const answer = await host.request('/api/v1/assembly', { headers: { origin } })
    const without = await request(`${host.url}/api/v1/assembly`, { headers: { origin } })

    assert.equal(preflight.status, 204)
    assert.equal(preflight.headers.get('access-control-allow-headers'), 'x-internal-api-key')
    assert.deepEqual([answer.status, without.status], [200, 401])
    for (const each of [preflight, answer, without]) {
      assert.equal(each.headers.get('access-control-allow-origin'), origin)
      assert.equal(each.headers.get('vary'), 'origin')
    }
  })

  it('gives other origins nothing', async () => {
    await using host = await servedHost({ config: { cors: { origins: [origin] } } })

    const preflight = await request(
      `${host.url}/api/v1/assembly`,
      preflightFrom('https://evil.example'),
    )

    assert.equal(preflight.headers.get('access-control-allow-origin'), null)
    assert.equal(preflight.status, 401)
  })

  it('lets every origin in with *', async () => {
    await using host = await servedHost({ config: { cors: { origins: ['*'] } } })

    const answer = await request(`${host.url}/livez`, { headers: { origin } })

    assert.equal(answer.headers.get('access-control-allow-origin'), origin)
  })
})

function preflightFrom(from: string): RequestInit {
  return {
    method: 'OPTIONS',
    headers: {
      origin: from,
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'x-internal-api-key',
    },
  }
}
