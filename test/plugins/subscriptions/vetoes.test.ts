import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Store } from '../../../src/store/store.ts'
import { receiver } from '../../helpers/receiver.ts'
import { anEvent, path } from './an-event.ts'
import { startApi } from './api.ts'

const secret = 'a-secret-of-this-test'

describe('a veto on subscriptions.publish', () => {
  const connectors = 'guard: ./guard.ts'
  const guard = `import { defineConnector } from 'carabiner'
export default defineConnector({
  name: 'guard',
  setup({ before }) {
    before('subscriptions.publish', ({ params, cancel }) => {
      const { payload } = params as { payload: { n?: number } }
      if (payload.n === 13) cancel('an unlucky number')
      if (payload.n === 15) cancel('too much', { limit: 10, host: 'of the handler' })
      if (payload.n === 16) cancel('too much', ['a', 'list'])
      if (payload.n === 14) throw new Error('with a secret inside')
    })
  },
})
`

  it('of a before handler is 403; nothing is stored but the audit row', async () => {
    await using endpoint = await receiver()
    await using api = await startApi({ connectors, files: { 'guard.ts': guard } })
    await api.subscribe(endpoint.url)

    const refused = await api.call('POST', path, { body: anEvent({ payload: { n: 13 } }) })

    assert.equal(refused.status, 403)
    assert.deepEqual(refused.json, {
      error: { code: 'event_cancelled', message: 'an unlucky number', details: {} },
      detail: 'an unlucky number',
    })
    const { store } = api.project.host
    assert.equal((await store.deliveries({})).rows.length, 0)
    assert.equal((await eventsIn(store)).length, 0)
    const { rows } = await store.auditTrail({ action: 'event.cancelled' })
    assert.partialDeepStrictEqual(rows[0]?.details, { by: 'guard', reason: 'an unlucky number' })
  })

  it('tells what the handler gave beside its reason, alone and in a batch', async () => {
    await using api = await startApi({ connectors, files: { 'guard.ts': guard } })
    const events = [15, 16].map((n) => anEvent({ payload: { n } }))

    const refused = await api.call('POST', path, { body: events[0] })
    const { results } = await api.ok('POST', `${path}/batch`, { body: { events } })

    const details = { limit: 10, host: 'of the handler' }
    assert.deepEqual(refused.json['error']?.['details'], details)
    assert.deepEqual(results?.[0]?.['error']?.['details'], details)
    assert.deepEqual(results?.[1]?.['error']?.['details'], { value: ['a', 'list'] })
  })

  it('leaves the idempotency key free', async () => {
    await using api = await startApi({ connectors, files: { 'guard.ts': guard } })
    const headers = { 'idempotency-key': 'k' }

    const refused = await api.call('POST', path, { headers, body: anEvent({ payload: { n: 13 } }) })
    const other = await api.call('POST', path, { headers, body: anEvent({ payload: { n: 1 } }) })

    assert.deepEqual([refused.status, other.status], [403, 200])
  })

  it('of a webhook is 403 with its reason', async () => {
    const reply = {
      status: 422,
      headers: { 'content-type': 'application/vnd.carabiner.errors.CancelEventError+json' },
      body: '{"reason":"not on Sundays","again":"on Monday"}',
    }
    await using gate = await receiver({ answers: [reply, 204] })
    await using api = await startApi({
      connectors: 'webhooks: webhooks',
      more: `webhooks:
  - { url: "${gate.url}", secret: ${secret}, events: "before:subscriptions.publish" }`,
    })

    const refused = await api.call('POST', path, { body: anEvent({}) })
    const allowed = await api.call('POST', path, { body: anEvent({}) })

    assert.deepEqual([refused.status, allowed.status], [403, 200])
    assert.equal(refused.json['error']?.['code'], 'event_cancelled')
    assert.equal(refused.json['detail'], 'not on Sundays')
    // Not where the webhook stands.
    assert.deepEqual(refused.json['error']?.['details'], {
      kind: 'veto',
      status: 422,
      reply: { reason: 'not on Sundays', again: 'on Monday' },
    })
  })

  it('is no failure of a handler: that is 500, and says nothing of its cause', async () => {
    await using api = await startApi({ connectors, files: { 'guard.ts': guard } })

    const failed = await api.call('POST', path, { body: anEvent({ payload: { n: 14 } }) })

    assert.equal(failed.status, 500)
    assert.equal(failed.text.includes('secret'), false)
  })
})

function eventsIn(store: Store): ReturnType<Store['findRecords']> {
  return store.findRecords({ collection: 'subscriptions/event', index: 'owner', limit: 10 })
}
