import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DeliveryId } from '../../../../src/ids.ts'
import { eventually } from '../../../helpers/engine.ts'
import { FakeClock } from '../../../helpers/fake-clock.ts'
import { receiver } from '../../../helpers/receiver.ts'
import { reload, startIngress, yamlOf } from '../ingress-host.ts'

const minute = 60_000

describe('an event whose delivery ended by itself', { timeout: 60_000 }, () => {
  it('is cancelled when an operator has cancelled the delivery', async () => {
    const clock = new FakeClock()
    await using to = await receiver({ answers: [500] })
    await using host = await startIngress({ callback: to.url, clock })
    const id = await host.accepted()
    await host.reaches(id, 'retrying')
    const { store } = host.project.host

    // The first delivery has the event's id.
    assert.equal(await store.cancel(id as DeliveryId, clock.now()), true)
    const shown = await host.get(`/events/${id}/status`)
    await swept(clock)

    assert.partialDeepStrictEqual(shown['data'], {
      status: 'cancelled',
      lastError: 'its delivery was cancelled',
    })
    await eventually(async () => (await host.actions(id)).at(-1) === 'event.cancelled')
    const listed = await host.get('/events?status=cancelled')
    assert.equal(listed['data']?.['0']?.['id'], id)
  })

  it('is cancelled when it was erased, and so is its replay failed', async () => {
    const clock = new FakeClock()
    await using to = await receiver({ answers: [200, 500] })
    await using host = await startIngress({ callback: to.url, clock })
    const id = await host.accepted()
    await host.reaches(id, 'processed')
    const { json } = await host.replay(id)
    const replayId = String(json['data']?.['replayRequestId'])
    await host.reaches(id, 'retrying')

    await host.erase(id)
    await swept(clock)
    const event = await host.reaches(id, 'cancelled')

    assert.equal(event['lastError'], 'erased')
    await eventually(async () => (await host.actions(replayId)).at(-1) === 'replay.failed')
    const { data } = await host.get(`/replays/${replayId}`)
    assert.equal(data?.['status'], 'failed')
  })
})

describe('an integration that a reload changes', { timeout: 60_000 }, () => {
  it('gets what waits at its new URL', async () => {
    const clock = new FakeClock()
    await using old = await receiver({ answers: [500] })
    await using moved = await receiver()
    await using host = await startIngress({ callback: old.url, clock })
    const id = await host.accepted()
    await host.reaches(id, 'retrying')

    await reload(host, yamlOf({ callback: moved.url }))
    await clock.advance(minute)
    await host.reaches(id, 'processed')

    assert.equal(moved.received.length, 1)
  })

  it('gets nothing any more once it is switched off: what waits has failed', async () => {
    const clock = new FakeClock()
    await using to = await receiver({ answers: [500] })
    await using host = await startIngress({ callback: to.url, clock })
    const id = await host.accepted()
    await host.reaches(id, 'retrying')

    await reload(host, yamlOf({ callback: to.url, acme: 'active: false' }))
    await clock.advance(minute)
    const event = await host.reaches(id, 'failed')
    const refused = await host.post({ eventId: 'evt-2' })

    assert.equal(event['lastError'], 'Integration is inactive')
    assert.equal(Number(event['processingAttempts']), 1)
    assert.equal(to.received.length, 1)
    assert.equal(refused.status, 404)
  })
})

/** Lets the sweep come round for what has rested. */
async function swept(clock: FakeClock): Promise<void> {
  for (let round = 0; round < 3; round += 1) await clock.advance(10_000)
}
