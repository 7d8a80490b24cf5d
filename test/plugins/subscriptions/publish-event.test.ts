import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Outcome } from '../../../src/bus/outcome.ts'
import { type Receiver, receiver } from '../../helpers/receiver.ts'
import { type Api, ops, startApi } from './api.ts'

const id = '0198a6a2-8b1c-7c0e-9a54-0d8d6a0b8d11'

describe('the event subscriptions.publish', () => {
  let api: Api
  let endpoint: Receiver
  before(async () => {
    endpoint = await receiver()
    api = await startApi({
      stanza: `event_types: { order.created: { schema: { required: [n], type: object } }, a.b: {} }
settle_wait: 5s`,
    })
    await api.subscribe(endpoint.url)
  })
  after(async () => {
    await api[Symbol.asyncDispose]()
    await endpoint[Symbol.asyncDispose]()
  })

  const publish = (params: Readonly<Record<string, unknown>>): Promise<Outcome> =>
    api.project.host.dispatch('subscriptions.publish', {
      owner: ops,
      type: 'a.b',
      payload: {},
      ...params,
    })

  it('publishes to the owner’s subscriptions, and gives the counters', async () => {
    const outcome = await publish({ payload: { n: 1 }, source: 'bus' })

    assert.equal(outcome.kind, 'completed')
    assert.partialDeepStrictEqual(outcome.results, [
      { connector: 'subscriptions', value: { queued_deliveries: 1, delivered: 1 } },
    ])
    assert.partialDeepStrictEqual(JSON.parse(endpoint.received.at(-1)?.text ?? ''), {
      event_type: 'a.b',
      source: 'bus',
      owner_agent: ops,
      payload: { n: 1 },
    })
  })

  it('keeps numbers as they were written, dispatched over HTTP', async () => {
    const response = await fetch(`${api.project.url}/api/v1/dispatch/subscriptions.publish`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-internal-api-key': 'key-of-the-management',
      },
      body: `{"owner":"${ops}","type":"a.b","payload":{"n": 1.0}}`,
    })

    assert.equal(response.status, 200)
    assert.ok(endpoint.received.at(-1)?.text.includes('"payload":{"n": 1.0}'))
  })

  it('fails for a type that is not taken, and a payload that does not match', async () => {
    for (const params of [{ type: 'a.c' }, { type: 'order.created', payload: { m: 1 } }]) {
      const outcome = await publish(params)
      assert.equal(outcome.kind, 'failed')
      assert.equal(outcome.failures[0]?.code, 'EVENT_PARAMS_INVALID')
    }
  })

  it('wants an owner or a tenant', async () => {
    const params = { type: 'a.b', payload: {} }

    await assert.rejects(api.project.host.dispatch('subscriptions.publish', params), {
      code: 'EVENT_PARAMS_INVALID',
    })
    await assert.rejects(publish({ owner: 'two words' }), { code: 'EVENT_PARAMS_INVALID' })
  })

  it('with an id is stored once, and never for two events', async () => {
    const first = await publish({ id })
    const again = await publish({ id: id.toUpperCase() })
    const other = await publish({ id, payload: { other: true } })
    const foreign = await publish({ id, owner: 'agent://rival/bot' })

    assert.equal(first.kind, 'completed')
    assert.equal(again.kind, 'completed')
    assert.deepEqual(again.results, first.results)
    assert.deepEqual([other.kind, foreign.kind], ['failed', 'failed'])
  })

  it('tells the actor in the audit trail', async () => {
    const params = { owner: ops, type: 'a.b', payload: {} }
    const outcome = await api.project.host.dispatch('subscriptions.publish', params, {
      actor: 'ada',
    })

    assert.equal(outcome.kind, 'completed')
    const trail = await api.project.host.store.auditTrail({ action: 'event.published', limit: 1 })
    assert.equal(trail.rows[0]?.actor, 'ada')
  })
})
