import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { eventually } from '../../helpers/engine.ts'
import { receiver } from '../../helpers/receiver.ts'
import { request } from '../../helpers/served-host.ts'
import { startProject } from '../../helpers/start-host.ts'

const managementKey = 'key-of-the-management'

describe('the health of a host with webhooks', () => {
  it('is an error while one wants nothing more, or cannot be reached; which, is for operators', async () => {
    await using gone = await receiver({ answers: [410] })
    await using well = await receiver()
    await using project = await startWith(`
  - { events: before:adjust, on_failure: allow, url: '${well.url}', secret: s3cr3t }
  - { events: after:adjust, url: '${gone.url}/hook?token=hidden-word', secret: s3cr3t }
  - { name: nowhere, events: after:adjust, url: 'http://127.0.0.1:9/', secret: s3cr3t, circuit_breaker: { failure_threshold: 1 } }
`)
    const ask = (headers = {}) => request(`${project.url}/health`, { headers })
    const detail = async () => {
      const { json } = await ask({ 'x-internal-api-key': managementKey })
      return String(json['checks']?.['webhooks.endpoints']?.['detail'])
    }

    const atFirst = await ask()
    await project.host.dispatch('adjust', { component: 'web', amount: 7 })
    await eventually(async () => /: disabled.* \| .*: circuit/.test(await detail()))
    const away = await ask()
    const why = await detail()
    await project.host.engine.enable(`webhooks/after:adjust@127.0.0.1:${gone.port}`)
    await project.host.engine.enable('webhooks/nowhere')

    const memory = { status: 'ok' }
    assert.deepEqual(
      [atFirst.status, atFirst.json['checks']],
      [200, { memory, 'webhooks.endpoints': { status: 'ok' } }],
    )
    assert.deepEqual(
      [away.status, away.json['checks']],
      [503, { memory, 'webhooks.endpoints': { status: 'error' } }],
    )
    const [disabled = '', cut = '', ...others] = why.split(' | ')
    assert.match(disabled, /^webhooks\/after:adjust@127\.0\.0\.1:\d+: disabled: .*410/)
    assert.match(
      cut,
      /^webhooks\/nowhere: circuit (?:half-)?open, 1 failure; nothing delivered so far/,
    )
    assert.deepEqual(others, [])
    assert.ok(!why.includes('hidden-word'))
    assert.equal((await ask()).status, 200)
  })

  it('does not go by one that is never called', async () => {
    await using project = await startWith(`
  - { events: before:adjust, mode: off, url: 'http://127.0.0.1:9/', secret: s3cr3t }
`)

    const { json } = await request(`${project.url}/health`)

    assert.deepEqual(json['checks'], { memory: { status: 'ok' } })
  })
})

function startWith(webhooks: string) {
  const yaml = `host:
  store: "memory:"
  server: { port: 0, management_key: ${managementKey} }
connectors: { adjuster: ./adjuster.ts, webhooks: webhooks }
webhooks:${webhooks}`
  return startProject(yaml, { listen: true })
}
