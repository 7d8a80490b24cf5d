import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { receiver } from '../../helpers/receiver.ts'
import { anEvent, path } from './an-event.ts'
import { startApi } from './api.ts'

describe('a batch', () => {
  it('tells what came of each event, in their order', async () => {
    await using endpoint = await receiver()
    await using api = await startApi({ stanza: 'settle_wait: 5s' })
    await api.subscribe(endpoint.url)
    const events = Array.from({ length: 100 }, (_, n) => anEvent({ payload: { n } }))

    const { results } = await api.ok('POST', `${path}/batch`, { body: { events } })

    const told = Object.values(results ?? {})
    assert.equal(told.length, 100)
    assert.ok(told.every((each) => each['ok'] && each['delivered'] === (1 as unknown)))
    const sent = new Map(endpoint.received.map(({ text }) => bodyOf(text)))
    assert.deepEqual(
      told.map((each) => sent.get(String(each['event_id']))?.n),
      Array.from({ length: 100 }, (_, n) => n),
    )
  })

  it('keeps the numbers of payloads as they were written', async () => {
    await using endpoint = await receiver()
    await using api = await startApi()
    await api.subscribe(endpoint.url)

    await api.ok('POST', `${path}/batch`, {
      body: `{"events":[${JSON.stringify(anEvent({ payload: { n: 7 } }))}, {"event_type":"order.created","source":"tests","payload":{"n": 1.0}}]}`,
    })

    const requests = await endpoint.requests(2)
    assert.equal(requests.filter(({ text }) => text.includes('"payload":{"n": 1.0}')).length, 1)
  })

  it('has each event decided on by itself', async () => {
    await using api = await startApi({
      connectors: 'guard: ./guard.ts',
      files: { 'guard.ts': oddGuard },
    })
    const events = [1, 2, 3].map((n) => anEvent({ payload: { n } }))

    const { results } = await api.ok('POST', `${path}/batch`, { body: { events } })

    assert.deepEqual(
      Object.values(results ?? {}).map((each) => each['error']?.['code'] ?? each['ok']),
      ['event_cancelled', true, 'event_cancelled'],
    )
  })

  it('is refused as a whole for what does not fit, each place named', async () => {
    await using api = await startApi({ stanza: 'event_types: [order.created]' })
    const events = [anEvent({}), anEvent({ event_type: 'order.lost' })]

    const refused = await api.call('POST', `${path}/batch`, { body: { events } })

    assert.equal(refused.status, 422)
    assert.deepEqual(refused.json['detail']?.[0]?.['loc'], ['body', 'events', 1, 'event_type'])
    for (const wrong of [[], Array.from({ length: 101 }, () => anEvent({}))]) {
      const answered = await api.call('POST', `${path}/batch`, { body: { events: wrong } })
      assert.deepEqual(answered.json['detail']?.[0]?.['loc'], ['body', 'events'])
    }
  })
})

const oddGuard = `import { defineConnector } from 'carabiner'
export default defineConnector({
  name: 'guard',
  setup({ before }) {
    before('subscriptions.publish', ({ params, cancel }) => {
      const { payload } = params as { payload: { n: number } }
      if (payload.n % 2 === 1) cancel('odd')
    })
  },
})
`

function bodyOf(text: string): [string, { readonly n: number }] {
  const { event_id, payload } = JSON.parse(text)
  return [event_id, payload]
}
