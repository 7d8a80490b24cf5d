import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Validator } from '../../../src/schema/validator.ts'
import { eventually } from '../../helpers/engine.ts'
import { receiver } from '../../helpers/receiver.ts'
import { type Answered, request } from '../../helpers/served-host.ts'
import { startProject } from '../../helpers/start-host.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'
import { type Api, apiOf, startApi, yamlOf } from './api.ts'

describe('subscriptions', () => {
  it('go on after a reload', async () => {
    await using endpoint = await receiver()
    await using api = await startApi()
    await api.subscribe(endpoint.url)
    const { host } = api.project

    await host.reload(host.assembly, new Validator({ allErrors: true }))
    await api.publish()
    await host.reload(host.assembly, new Validator({ allErrors: true }))
    await api.publish()

    assert.equal((await endpoint.requests(2)).length, 2)
  })

  it('outlive their host, and what it has not sent is sent by the next', async () => {
    const store = `sqlite:${temporaryFolder()}/store.db`
    await using endpoint = await receiver()
    const id = await withApi(await startWithoutDelivering(store), async (api) => {
      const subscribed = await api.subscribe(endpoint.url)
      assert.equal((await api.publish())['pending'], 1)
      return subscribed
    })
    assert.equal(endpoint.received.length, 0)

    await using api = await startApi({ store })
    await endpoint.requests(1)

    const { subscription } = await api.ok('GET', `/v1/webhooks/subscriptions/${id}`)
    assert.equal(subscription?.['subscription_id'], id)
  })

  it('are a family in the assembly and in the metrics, however many there are', async () => {
    await using endpoint = await receiver()
    await using api = await startApi()
    for (const n of [1, 2, 3]) await api.subscribe(`${endpoint.url}/${n}`)
    await api.publish()
    await endpoint.requests(3)
    const headers = { 'x-internal-api-key': 'key-of-the-management' }

    const { data } = await api.ok('GET', '/api/v1/assembly', { headers })
    const metrics = await api.call('GET', '/metrics', { headers })

    assert.deepEqual(data?.['families'], [{ prefix: 'subscription/', inUse: 3 }])
    assert.deepEqual([data?.['endpoints'], data?.['endpointsLeftOff']], [[], 0])
    assert.match(metrics.text, /^carabiner_circuits\{state="closed"\} 3$/m)
  })

  it('are 503 in their own form while the host starts', async () => {
    const refused: Answered[] = []
    await using _ = await startProject(yamlOf({}), {
      listen: true,
      async beforeReady({ listeners }) {
        for (const path of [
          '/v1/webhooks/subscriptions',
          '/v1/capabilities',
          '/api/v1/executions',
        ]) {
          refused.push(await request(`${listeners[0]?.url}${path}`))
        }
      },
    })

    const [subscriptions, capabilities, management] = refused
    for (const answered of [subscriptions, capabilities]) {
      assert.equal(answered?.status, 503)
      assert.ok(Number(answered.headers.get('retry-after')) >= 1)
      assert.deepEqual(answered.json, {
        error: { code: 'dependency_unavailable', message: 'the host is starting', details: {} },
        detail: 'the host is starting',
      })
    }
    assert.equal(management?.status, 503)
    assert.equal(management.json['error']?.['code'], 'DEPENDENCY_UNAVAILABLE')
  })

  it('are 503 in their own form while the host drains', async () => {
    const { promise, resolve } = Promise.withResolvers<number>()
    await using endpoint = await receiver({ answers: [() => promise] })
    await using api = await startApi()
    await api.subscribe(endpoint.url)
    await api.publish()
    const { host } = api.project
    await eventually(async () => (await host.store.backlog()).sending === 1)

    const stopping = host.stop()
    const refused = await api.call('GET', '/v1/webhooks/subscriptions')
    resolve(200)
    await stopping

    assert.equal(refused.status, 503)
    assert.ok(Number(refused.headers.get('retry-after')) >= 1)
    assert.equal(refused.json['detail'], refused.json['error']?.['message'])
  })

  it('get an event by the hundreds, each once', async () => {
    await using endpoint = await receiver()
    await using api = await startApi()
    const paths = Array.from({ length: 300 }, (_, n) => `/${n}`)
    await Promise.all(paths.map((path) => api.subscribe(`${endpoint.url}${path}`)))

    const published = await api.publish()

    const requests = await endpoint.requests(300)
    assert.equal(published['queued_deliveries'], 300)
    assert.deepEqual(new Set(requests.map(({ path }) => path)), new Set(paths))
    assert.equal(requests.length, 300)
  })

  it('say nothing of secrets and keys in the log', async () => {
    await using endpoint = await receiver({ answers: [500] })
    await using api = await startApi({ logLevel: 'trace', stanza: 'settle_wait: 5s' })
    const secret = 'a-secret-nobody-may-see'
    const id = await api.subscribe(endpoint.url, { secret })
    await api.publish()
    const rotated = await api.ok('POST', `/v1/webhooks/subscriptions/${id}/rotate-secret`)
    await api.ok('DELETE', `/v1/webhooks/subscriptions/${id}`)

    const logged = api.project.logged.join('\n')

    assert.ok(logged.length > 0)
    for (const hidden of [secret, String(rotated['secret']), 'key-of-the-operators']) {
      assert.equal(logged.includes(hidden), false)
    }
  })
})

async function startWithoutDelivering(store: string): Promise<Api> {
  return apiOf(await startProject(yamlOf({ store }), { listen: true, deliver: false }))
}

async function withApi<T>(api: Api, work: (api: Api) => Promise<T>): Promise<T> {
  await using held = api
  return await work(held)
}
