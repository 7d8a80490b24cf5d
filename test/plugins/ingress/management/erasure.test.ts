import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { receiver } from '../../../helpers/receiver.ts'
import { signedAcme, startIngress } from '../ingress-host.ts'

describe('an event that was erased', { timeout: 60_000 }, () => {
  it('is shown and found without what it said, and whom it was about', async () => {
    await using to = await receiver()
    await using host = await startIngress({ callback: to.url })
    const about = 'anna@example.com'
    const body = JSON.stringify({
      eventId: 'evt-1',
      eventType: 'order.created',
      occurredAt: '2026-01-05T09:30:00Z',
      subject: about,
      data: { customer: about },
    })
    const [path, request] = signedAcme(body)
    const headers = { ...request.headers, 'x-customer': about }
    const { json } = await host.send(path, { ...request, headers })
    const id = String(json['data']?.['eventId'])
    await host.reaches(id, 'processed')
    const kept = await host.accepted({ eventId: 'evt-2' })
    const shown = async (): Promise<string> => {
      const paths = [`/events/${id}`, '/events', `/events/${id}/status`, '/audit-entries']
      return JSON.stringify(await Promise.all(paths.map((each) => host.get(each))))
    }
    const found = async (): Promise<unknown> => {
      const { meta } = await host.get('/events?subject=ANNA@example')
      return meta?.['total']
    }
    const before = await host.event(id)
    assert.equal(before['subject'], about)
    assert.equal(await found(), 1)
    assert.ok((await shown()).split(about).length > 3, 'looked for where it cannot be')

    await host.erase(id)

    assert.equal(await found(), 0)
    assert.ok(!(await shown()).includes(about))
    const { data } = await host.get(`/events/${id}`)
    const gone = { subject: null, normalizedPayload: null }
    assert.deepEqual(data?.['event'], { ...before, ...gone })
    assert.partialDeepStrictEqual(data?.['webhook'], { rawPayload: null, requestHeaders: {} })
    assert.partialDeepStrictEqual(await host.get('/events?provider=acme'), { meta: { total: 2 } })
    assert.notEqual((await host.event(kept))['normalizedPayload'], null)
  })
})
