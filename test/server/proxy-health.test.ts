import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ProxyCheck } from '../../src/delivery/egress/proxy-check.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { startProxy } from '../helpers/proxy.ts'
import { request } from '../helpers/served-host.ts'
import { startProject } from '../helpers/start-host.ts'

describe('the health of a host with an egress proxy', () => {
  it('goes by whether that takes connections; its URL is not shown', async () => {
    const proxy = await startProxy()
    await using project = await startProject(
      `host:
  store: "memory:"
  egress: { proxy: "http://anna:hidden-word@127.0.0.1:${proxy.port}" }
  server: { port: 0, allow_unauthenticated: true }
connectors: []
`,
      { listen: true },
    )
    const ask = (path: string) => request(`${project.url}${path}`)

    const well = await ask('/api/v1/health')
    await proxy[Symbol.asyncDispose]()
    const away = await ask('/api/v1/health')
    const ready = await ask('/readyz')

    const memory = { status: 'ok' }
    const gone = { status: 'error', detail: 'the proxy cannot be reached (ECONNREFUSED)' }
    assert.deepEqual([well.status, away.status, ready.status], [200, 503, 200])
    assert.deepEqual(well.json['data']?.['checks'], { memory, proxy: { status: 'ok' } })
    assert.deepEqual(away.json['data']?.['checks'], { memory, proxy: gone })
    assert.equal(away.json['data']?.['status'], 'degraded')
  })

  it('goes by that of subscriptions too, which has a check of its own', async () => {
    const proxy = await startProxy()
    await using project = await startProject(
      `host:
  store: "memory:"
  server: { port: 0, allow_unauthenticated: true }
connectors: [subscriptions]
subscriptions:
  api_keys: [{ key: a-key-of-this-test, owner: "agent://acme/ops" }]
  egress: { proxy: "http://anna:hidden-word@127.0.0.1:${proxy.port}" }
`,
      { listen: true },
    )
    const ask = (path: string) => request(`${project.url}${path}`)

    const well = await ask('/health')
    await proxy[Symbol.asyncDispose]()
    const away = await ask('/health')
    const ready = await ask('/readyz')
    const checked = await project.host.check({ ids: ['subscriptions.proxy'] })

    const memory = { status: 'ok' }
    const gone = { status: 'error', detail: 'the proxy cannot be reached (ECONNREFUSED)' }
    assert.deepEqual([well.status, away.status, ready.status], [200, 503, 200])
    assert.deepEqual(well.json['checks'], { memory, 'subscriptions.proxy': { status: 'ok' } })
    assert.deepEqual(away.json['checks'], { memory, 'subscriptions.proxy': gone })
    assert.deepEqual(
      checked.map(({ status, message }) => [status, message]),
      [['failed', 'the proxy cannot be reached (ECONNREFUSED)']],
    )
  })

  it('does not wait longer than 1 s for it, and looks once for all who ask', async () => {
    const clock = new FakeClock()
    const check = new ProxyCheck(clock)

    // Documentation's range: nobody answers there, or it cannot be reached at all.
    const looks = [check.look('http://192.0.2.1:3128'), check.look('http://192.0.2.1:3128')]
    await clock.advance(1_000)

    assert.equal(looks[0], looks[1])
    assert.equal((await looks[0])?.ok, false)
  })
})
