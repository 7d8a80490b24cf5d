import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CarabinerError } from '../../src/errors.ts'
import type { AssemblyDescription } from '../../src/server/host-face.ts'
import type { EndpointState } from '../../src/store/store.ts'
import { aFace, secret, servedHost } from '../helpers/served-host.ts'

const description: AssemblyDescription = {
  connectors: [
    { id: 'webhooks', name: 'webhooks', version: null, description: null, source: 'built-in' },
  ],
  events: [
    {
      name: 'adjust',
      description: null,
      connector: 'adjuster',
      params: { type: 'object', properties: { amount: { type: 'number' } } },
      result: {},
      timeoutMs: null,
      reentrant: false,
    },
  ],
  handlers: [
    {
      event: 'adjust',
      phase: 'before',
      connector: 'webhooks',
      name: 'policy',
      kind: 'webhook',
      priority: 0,
      timeoutMs: 3_000,
      onFailure: 'cancel',
      mode: 'enforce',
      decision: 'reply',
      file: 'carabiner.yaml',
      line: 7,
    },
  ],
  endpoints: [
    { id: 'webhooks/policy', url: `http://127.0.0.1:9000/${secret}` },
    { id: 'webhooks/audit', url: 'http://127.0.0.1:9001/' },
  ],
  families: [{ prefix: 'subscription/', inUse: 12 }],
}

const open: EndpointState = {
  endpoint: 'webhooks/policy',
  circuit: 'open',
  consecutiveFailures: 5,
  probeAt: 30_000,
  pausedUntil: null,
  disabledReason: null,
  disabledUrl: 'http://never-shown',
  missingSince: null,
  lastSuccessAt: null,
  lastErrorAt: 1,
  lastError: `refused ${secret}`,
}

describe('GET /api/v1/assembly', () => {
  it('shows what is assembled with the state of every endpoint, and no secret', async () => {
    const store = { ...aFace().store, endpointStates: async () => [open] }
    await using host = await servedHost({ face: { describe: () => description, store } })

    const answer = await host.request('/api/v1/assembly')

    assert.equal(answer.status, 200)
    const { connectors, events, handlers, endpoints } = answer.json['data'] ?? {}
    assert.deepEqual(
      { connectors, events, handlers },
      {
        connectors: description.connectors,
        events: description.events,
        handlers: description.handlers,
      },
    )
    const unknown = { probeAt: null, pausedUntil: null, disabledReason: null, lastSuccessAt: null }
    assert.deepEqual(endpoints, [
      {
        id: 'webhooks/policy',
        url: 'http://127.0.0.1:9000/••••',
        ...unknown,
        circuit: 'open',
        consecutiveFailures: 5,
        probeAt: 30_000,
        lastErrorAt: 1,
        lastError: 'refused ••••',
      },
      {
        id: 'webhooks/audit',
        url: 'http://127.0.0.1:9001/',
        ...unknown,
        circuit: 'closed',
        consecutiveFailures: 0,
        lastErrorAt: null,
        lastError: null,
      },
    ])
  })

  it('asks for the states of what it lists alone, and says how many it leaves off', async () => {
    const endpoints = Array.from({ length: 1_500 }, (_, n) => ({
      id: `tenant/${n}`,
      url: 'http://127.0.0.1/',
    }))
    const asked: (readonly string[] | undefined)[] = []
    const endpointStates = async (ids?: readonly string[]) => {
      asked.push(ids)
      return []
    }
    const store = { ...aFace().store, endpointStates }
    const describe = () => ({ ...description, endpoints })
    await using host = await servedHost({ face: { describe, store } })

    const { json } = await host.request('/api/v1/assembly')

    const listed = Object.values(json['data']?.['endpoints'] ?? {})
    assert.equal(listed.length, 1_000)
    assert.equal(json['data']?.['endpointsLeftOff'], 500)
    assert.deepEqual(json['data']?.['families'], [{ prefix: 'subscription/', inUse: 12 }])
    assert.deepEqual(asked, [endpoints.slice(0, 1_000).map(({ id }) => id)])
  })

  it('is 503 with Retry-After while the store is away', async () => {
    const endpointStates = (): Promise<never> =>
      Promise.reject(new CarabinerError('STORE_UNAVAILABLE', 'the store is away'))
    await using host = await servedHost({ face: { store: { ...aFace().store, endpointStates } } })

    const answer = await host.request('/api/v1/assembly')

    assert.equal(answer.status, 503)
    assert.equal(answer.headers.get('retry-after'), '5')
    assert.equal(answer.json['error']?.['code'], 'DEPENDENCY_UNAVAILABLE')
  })
})
