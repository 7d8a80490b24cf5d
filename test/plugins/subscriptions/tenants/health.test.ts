import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { eventually } from '../../../helpers/engine.ts'
import { FakeClock } from '../../../helpers/fake-clock.ts'
import { freePort } from '../../../helpers/free-port.ts'
import { receiver } from '../../../helpers/receiver.ts'
import { request } from '../../../helpers/served-host.ts'
import { reloadProject, startProject } from '../../../helpers/start-host.ts'

const managementKey = 'key-of-the-management'
const check = 'subscriptions.tenants'
const recoveryMs = 30_000

function yamlOf(url: string, more = ''): string {
  return `host:
  store: "memory:"
  server: { port: 0, management_key: ${managementKey} }
connectors: [subscriptions]
subscriptions:
  event_types: any
  http: { circuit_breaker: { failure_threshold: 1 } }
  tenants:
    acme:
      - { name: suite, ${more} subscriptions: [{ event_type: '*', target_url: '${url}?token=hidden-word' }] }
    globex:
      - { name: all, subscriptions: [{ event_type: '*', target_url: 'http://127.0.0.1:9/' }] }
`
}

describe('the health of a host with tenants', () => {
  it('is an error while the circuit of a receiver is not closed; whose, is for operators', async () => {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}/hook`
    const clock = new FakeClock()
    await using project = await startProject(yamlOf(url), { listen: true, clock })
    const look = (headers = {}) => request(`${project.url}/health`, { headers })
    const status = async () => (await look()).status

    const atFirst = await look()
    const event = { tenant: 'acme', type: 'OrderPlaced', payload: {} }
    await project.host.dispatch('subscriptions.publish', event)
    await eventually(async () => (await status()) === 503)
    const away = await look()
    const why = await look({ 'x-internal-api-key': managementKey })
    const ready = await request(`${project.url}/readyz`)
    await using to = await receiver({ port })
    await eventually(async () => {
      await clock.advance(recoveryMs)
      return (await status()) === 200
    })

    const memory = { status: 'ok' }
    assert.deepEqual(atFirst.json['checks'], { memory, [check]: { status: 'ok' } })
    assert.deepEqual(away.json['checks'], { memory, [check]: { status: 'error' } })
    assert.match(
      String(why.json['checks']?.[check]?.['detail']),
      /^tenant\/acme\/suite\/\* http:\/\/127\.0\.0\.1:\d+\/hook\?token=•••• circuit open, 1 failure; nothing delivered so far; last error at .*ECONNREFUSED/,
    )
    assert.ok(!why.text.includes('hidden-word'))
    assert.ok(!away.text.includes('acme'))
    assert.equal(ready.status, 200)
    assert.equal(to.received.length, 1)
  })

  it('does not go by a configuration that is switched off', async () => {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}/hook`
    await using project = await startProject(yamlOf(url), { listen: true })
    const status = async () => (await request(`${project.url}/health`)).status
    const event = { tenant: 'acme', type: 'OrderPlaced', payload: {} }
    await project.host.dispatch('subscriptions.publish', event)
    await eventually(async () => (await status()) === 503)

    await reloadProject(project, yamlOf(url, 'enabled: false,'))

    assert.equal(await status(), 200)
  })
})
