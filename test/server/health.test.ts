import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { HealthCheck } from '../../src/server/host-face.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { managementKey, request, secret, servedHost } from '../helpers/served-host.ts'

const well: HealthCheck = { name: 'sqlite', ok: true }
const away: HealthCheck = { name: 'sqlite', ok: false, detail: `no answer from ${secret}` }

describe('health', () => {
  it('is told by /health', async () => {
    await using host = await servedHost({ face: { health: async () => [well] } })

    const answer = await request(`${host.url}/health`)

    assert.equal(answer.status, 200)
    assert.deepEqual(answer.json, {
      ok: true,
      status: 'ok',
      version: '1.2.3',
      checks: { sqlite: { status: 'ok' } },
    })
  })

  it('is told by /api/v1/health in the envelope', async () => {
    const clock = new FakeClock(Date.UTC(2026, 0, 1))
    await using host = await servedHost({ clock, face: { health: async () => [well] } })

    const answer = await request(`${host.url}/api/v1/health`)

    assert.equal(answer.status, 200)
    assert.deepEqual(answer.json, {
      success: true,
      data: {
        status: 'ok',
        timestamp: '2026-01-01T00:00:00.000Z',
        checks: { sqlite: { status: 'ok' } },
      },
      meta: {},
    })
  })

  it('is degraded, 503, while the store is away; the host lives on', async () => {
    await using host = await servedHost({ face: { health: async () => [away] } })
    const paths = ['/health', '/api/v1/health', '/readyz', '/livez']

    const [health, enveloped, ready, live] = await Promise.all(
      paths.map((path) => request(`${host.url}${path}`)),
    )

    const checks = { sqlite: { status: 'error' } }
    assert.deepEqual(health?.json, { ok: false, status: 'degraded', version: '1.2.3', checks })
    assert.deepEqual(enveloped?.json['data']?.['checks'], checks)
    assert.equal(enveloped?.json['data']?.['status'], 'degraded')
    assert.deepEqual(
      [health?.status, enveloped?.status, ready?.status, live?.status],
      [503, 503, 503, 200],
    )
  })

  it('says what failed to everybody, and why to whoever shows a management key, without secrets', async () => {
    const face = { health: async () => [away] }
    await using host = await servedHost({ face, listeners: [{}, { serve: ['public'] }] })
    await using open = await servedHost({
      face,
      config: { managementKeys: [], allowUnauthenticated: true },
    })
    await using keyless = await servedHost({ face, config: { managementKeys: [] } })
    const shown = { headers: { 'x-internal-api-key': managementKey } }
    const wrong = { headers: { 'x-internal-api-key': 'not-a-key-of-the-operators' } }

    for (const path of ['/health', '/api/v1/health', '/readyz']) {
      const ask = async (url: string | undefined, init?: RequestInit) => {
        const { status, json } = await request(`${url}${path}`, init)
        assert.equal(status, 503)
        return (json['checks'] ?? json['data']?.['checks'])?.['sqlite']
      }

      const why = { status: 'error', detail: 'no answer from ••••' }
      const what = { status: 'error' }
      assert.deepEqual(await ask(host.url, shown), why)
      assert.deepEqual(await ask(host.urls[1], shown), why, 'where management is not served')
      assert.deepEqual(await ask(open.url), why)
      for (const [url, init] of [[host.url], [host.url, wrong], [keyless.url, shown]] as const) {
        assert.deepEqual(await ask(url, init), what)
      }
    }
  })

  it('cuts what is too long when secrets are masked, not before: none is left in part', async () => {
    const detail = `${'.'.repeat(8_186)}${secret}${'.'.repeat(100)}`
    const failed: HealthCheck = { name: 'sqlite', ok: false, detail }
    await using host = await servedHost({ face: { health: async () => [failed] } })

    const answer = await request(`${host.url}/health`, {
      headers: { 'x-internal-api-key': managementKey },
    })

    const told = String(answer.json['checks']?.['sqlite']?.['detail'])
    assert.equal(told.length, 8_192)
    assert.ok(!told.includes(secret.slice(0, 3)), told.slice(-10))
  })

  it('is degraded while another dependency is away, and the host is ready all the same', async () => {
    const proxy: HealthCheck = { name: 'proxy', ok: false, detail: 'cannot be reached' }
    const store: HealthCheck = { name: 'memory', ok: true }
    await using host = await servedHost({ face: { health: async () => [store, proxy] } })

    const health = await host.request('/health')
    const ready = await host.request('/readyz')

    assert.deepEqual([health.status, health.json['checks']], [503, checksOf(store, proxy)])
    assert.deepEqual([ready.status, ready.json['checks']], [200, checksOf(store, proxy)])
  })

  for (const [state, status] of [
    ['starting', 503],
    ['ready', 200],
    ['draining', 503],
  ] as const) {
    it(`makes /readyz ${status} while the host is ${state}`, async () => {
      await using host = await servedHost({ face: { state: () => state } })

      const ready = await request(`${host.url}/readyz`)
      const health = await request(`${host.url}/health`)

      assert.equal(ready.status, status)
      assert.equal(ready.json['state'], state)
      assert.equal(health.status, 200)
    })
  }

  it('does not wait longer than 2 s for a store that hangs', async () => {
    const clock = new FakeClock()
    const asked = Promise.withResolvers<void>()
    const health = (): Promise<never> => {
      asked.resolve()
      return new Promise(() => {})
    }
    await using host = await servedHost({ clock, face: { health } })

    const answering = host.request('/health')
    await asked.promise
    await clock.advance(2_000)
    const answer = await answering

    assert.equal(answer.status, 503)
    assert.deepEqual(answer.json['checks'], {
      memory: { status: 'error', detail: 'no answer within 2 s' },
    })
  })
})

function checksOf(store: HealthCheck, { detail }: HealthCheck) {
  return { [store.name]: { status: 'ok' }, proxy: { status: 'error', detail } }
}
