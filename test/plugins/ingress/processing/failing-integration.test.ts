import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { eventually } from '../../../helpers/engine.ts'
import { FakeClock } from '../../../helpers/fake-clock.ts'
import { receiver } from '../../../helpers/receiver.ts'
import type { AnyJson } from '../../../helpers/served-host.ts'
import { type IngressHost, startIngress } from '../ingress-host.ts'

const seconds = 1_000

describe('an integration that fails', { timeout: 60_000 }, () => {
  it('gets three tries, 10 s and 20 s apart, and each leaves its trace', async () => {
    await using to = await receiver({ answers: [500, 503, 404] })
    const clock = new FakeClock()
    await using host = await startIngress({ callback: to.url, clock })

    const id = await host.accepted()
    const first = await host.reaches(id, 'retrying')
    await clock.advance(10 * seconds)
    await eventually(async () => (await host.event(id))['processingAttempts'] === count(2))
    const second = await host.event(id)
    await clock.advance(20 * seconds)
    const last = await host.reaches(id, 'failed')

    assert.deepEqual(standing(first), ['retrying', 1, 'Remote endpoint returned 500'])
    assert.deepEqual(standing(second), ['retrying', 2, 'Remote endpoint returned 503'])
    assert.deepEqual(standing(last), ['failed', 3, 'Remote endpoint returned 404'])
    assert.equal(last['lastProcessedAt'], new Date(clock.now()).toISOString())
    assert.equal(to.received.length, 3)
    assert.deepEqual(await host.actions(id), [
      'webhook.received',
      'event.normalized',
      'event.queued',
      'event.retry_scheduled',
      'event.retry_scheduled',
      'event.failed',
    ])
    const [, , , retry] = await host.audit(`entityId=${id}`)
    assert.deepEqual(retry?.['details'], {
      deliveryId: id,
      attempt: 1,
      httpStatus: 500,
      error: 'Remote endpoint returned 500',
      nextAttemptAt: new Date(clock.now() - 20 * seconds).toISOString(),
    })
  })

  it('is not ended by a 410: it is tried again, and so is what comes after', async () => {
    await using to = await receiver({ answers: [410, 410, 410, 200] })
    const clock = new FakeClock()
    await using host = await startIngress({ callback: to.url, clock })
    const id = await host.accepted()
    await failing(host, clock, id)

    const next = await host.accepted({ eventId: 'evt-2' })
    const delivered = await host.reaches(next, 'processed')

    assert.deepEqual(standing(await host.event(id)), ['failed', 3, 'Remote endpoint returned 410'])
    assert.deepEqual(standing(delivered), ['processed', 1, null])
  })

  it('is told in attempts and jobs, and a replay has a full set of tries', async () => {
    await using to = await receiver({ answers: [500, 500, 500, 500, 200] })
    const clock = new FakeClock()
    await using host = await startIngress({ callback: to.url, clock })
    const id = await host.accepted()
    await failing(host, clock, id)
    await clock.advance(seconds)

    const { json } = await host.replay(id)
    const replayId = String(json['data']?.['replayRequestId'])
    await host.reaches(id, 'retrying')
    const between = await host.get(`/replays/${replayId}`)
    await clock.advance(10 * seconds)
    const event = await host.reaches(id, 'processed')

    assert.equal(between['data']?.['status'], 'dispatched')
    assert.deepEqual(standing(event), ['processed', 5, null])
    const { data } = await host.get(`/events/${id}`)
    const attempts = Object.values(data?.['deliveryAttempts'] ?? {})
    assert.deepEqual(
      attempts.map((each) => [each['attemptNo'], each['status'], each['httpStatus']]),
      [
        [2, 'success', 200],
        [1, 'failed', 500],
        [3, 'failed', 500],
        [2, 'failed', 500],
        [1, 'failed', 500],
      ],
    )
    const jobs = Object.values(data?.['processingJobs'] ?? {})
    assert.deepEqual(
      jobs.map((each) => [each['triggeredBy'], each['status'], each['attemptNo']]),
      [
        ['retry', 'succeeded', 2],
        ['replay', 'failed', 1],
        ['retry', 'failed', 3],
        ['retry', 'failed', 2],
        ['webhook', 'failed', 1],
      ],
    )
    assert.deepEqual(await host.actions(replayId), [
      'replay.requested',
      'replay.dispatched',
      'replay.completed',
    ])
    const { data: replay } = await host.get(`/replays/${replayId}`)
    assert.equal(replay?.['status'], 'completed')
  })

  it('says that an attempt is under way', async () => {
    const { promise, resolve } = Promise.withResolvers<number>()
    await using to = await receiver({ answers: [() => promise] })
    await using host = await startIngress({ callback: to.url })

    const id = await host.accepted()
    const event = await host.reaches(id, 'processing')
    const { data } = await host.get(`/events/${id}/status`)
    resolve(204)
    const over = await host.reaches(id, 'processed')

    assert.deepEqual(standing(event), ['processing', 0, null])
    const [job] = Object.values(data?.['jobs'] ?? {})
    assert.deepEqual(
      [job?.['status'], job?.['startedAt'], job?.['completedAt']],
      ['running', event['updatedAt'], null],
    )
    assert.deepEqual(standing(over), ['processed', 1, null])
  })

  it('that is not there is told so, and so is one whose replay fails', async () => {
    const clock = new FakeClock()
    await using host = await startIngress({ clock, stanza: 'retry: false' })
    const id = await host.accepted()
    const event = await host.reaches(id, 'failed')

    const { json } = await host.replay(id)
    const replayId = String(json['data']?.['replayRequestId'])
    await eventually(async () => {
      const { data } = await host.get(`/replays/${replayId}`)
      return String(data?.['status']) === 'failed'
    })

    assert.match(String(event['lastError']), /ECONNREFUSED/)
    assert.deepEqual(await host.actions(replayId), [
      'replay.requested',
      'replay.dispatched',
      'replay.failed',
    ])
  })

  it('fails at once with a setting of its own', async () => {
    await using to = await receiver({ answers: [500] })
    await using host = await startIngress({ callback: to.url, acme: 'retry: { max_tries: 1 }' })

    const id = await host.accepted()
    const event = await host.reaches(id, 'failed')

    assert.deepEqual(standing(event), ['failed', 1, 'Remote endpoint returned 500'])
  })
})

async function failing(host: IngressHost, clock: FakeClock, id: string): Promise<void> {
  await host.reaches(id, 'retrying')
  await clock.advance(10 * seconds)
  await eventually(async () => (await host.event(id))['processingAttempts'] === count(2))
  await clock.advance(20 * seconds)
  await host.reaches(id, 'failed')
}

function standing(event: AnyJson): readonly unknown[] {
  return [event['status'], event['processingAttempts'], event['lastError']]
}

/** A number as the types of an answer see it. */
function count(n: number): AnyJson {
  return JSON.parse(String(n))
}
