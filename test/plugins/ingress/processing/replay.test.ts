import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { eventually } from '../../../helpers/engine.ts'
import { receiver } from '../../../helpers/receiver.ts'
import { reload, startIngress, yamlOf } from '../ingress-host.ts'

describe('replays', { timeout: 60_000 }, () => {
  it('of one event, 20 at once, are 20 requests that all complete', async () => {
    await using to = await receiver()
    await using host = await startIngress({ callback: to.url })
    const id = await host.accepted()
    await host.reaches(id, 'processed')

    const answers = await Promise.all(Array.from({ length: 20 }, () => host.replay(id)))
    const ids = answers.map(({ json }) => String(json['data']?.['replayRequestId']))
    await eventually(async () => {
      const { meta } = await host.get('/replays?status=completed')
      return Number(meta?.['total']) === 20
    })

    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([202]))
    assert.equal(new Set(ids).size, 20)
    assert.equal(to.received.length, 21)
    const bodies = new Set(to.received.map(({ text }) => text))
    assert.equal(bodies.size, 1, 'every one of them brings the same bytes')
    const event = await host.event(id)
    assert.deepEqual([event['status'], Number(event['processingAttempts'])], ['processed', 21])
    const completed = await host.audit('action=replay.completed')
    assert.deepEqual(new Set(completed.map(({ entityId }) => String(entityId))), new Set(ids))
  })

  it('are asked for over the bus too, and refused there', async () => {
    await using to = await receiver()
    await using host = await startIngress({ callback: to.url })
    const id = await host.accepted()
    await host.reaches(id, 'processed')
    const { host: running } = host.project

    const done = await running.dispatch('ingress.replay', { eventId: id, reason: 'on request' })
    const unknown = await running.dispatch('ingress.replay', {
      eventId: '019a0000-0000-7000-8000-000000000001',
      reason: 'on request',
    })

    assert.equal(done.kind, 'completed')
    await to.requests(2)
    assert.equal(unknown.kind === 'failed' && unknown.failures[0]?.code, 'EVENT_PARAMS_INVALID')
  })

  it('of an integration that is gone are refused: nobody would deliver them', async () => {
    await using to = await receiver()
    await using host = await startIngress({ callback: to.url })
    const id = await host.accepted()
    const before = await host.reaches(id, 'processed')

    await reload(host, yamlOf({ callback: to.url }).replace('provider: acme', 'provider: globex'))
    const { status, json } = await host.replay(id)

    assert.deepEqual([status, String(json['error']?.['code'])], [409, 'CONFLICT'])
    assert.match(String(json['error']?.['message']), /there is no integration of acme any more/)
    assert.deepEqual(await host.event(id), before)
  })

  it('of what was erased are refused', async () => {
    await using host = await startIngress({ stanza: 'retry: false' })
    const id = await host.accepted()
    await host.reaches(id, 'failed')
    await host.erase(id)

    const { status, json } = await host.replay(id)

    assert.equal(status, 409)
    assert.equal(json['error']?.['code'], 'CONFLICT')
    const { data } = await host.get(`/events/${id}`)
    assert.equal(data?.['webhook']?.['rawPayload'], null)
    assert.equal(data?.['event']?.['normalizedPayload'], null)
  })
})
