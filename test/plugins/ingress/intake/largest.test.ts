import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { receiver } from '../../../helpers/receiver.ts'
import { anAcmeEvent, signedAcme, startIngress } from '../ingress-host.ts'

const limit = 1_024 * 1_024

/** What acme sends with a name that makes it exactly so many bytes: two for each letter. */
function bodyOf(bytes: number): string {
  const frame = JSON.stringify(anAcmeEvent({ data: { name: '' } }))
  const missing = bytes - frame.length
  const name = 'é'.repeat(Math.floor(missing / 2)) + 'e'.repeat(missing % 2)
  return JSON.stringify(anAcmeEvent({ data: { name } }))
}

describe('the largest webhook that is taken in', { timeout: 60_000 }, () => {
  it('is delivered, replayed, and taken by the delivery sink, though its delivery is larger', async () => {
    await using to = await receiver()
    await using host = await startIngress({
      callback: to.url,
      acme: 'sign_with: { scheme: pyfly, secret: a-secret-of-the-callback }',
    })

    const taken = await host.send(...signedAcme(bodyOf(limit)))
    const refused = await host.send(...signedAcme(bodyOf(limit + 1)))
    const id = String(taken.json['data']?.['eventId'])
    await host.reaches(id, 'processed')
    const replayed = await host.replay(id)
    const [first, second] = await to.requests(2)
    const sunk = await host.send('/api/v1/internal/delivery-sink/acme', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: first?.text ?? '',
    })

    assert.deepEqual([taken.status, refused.status], [202, 413])
    assert.ok((first?.body.length ?? 0) > 2 * limit, 'a letter has six bytes now')
    assert.equal(replayed.status, 202, replayed.text)
    assert.equal(second?.text, first?.text)
    assert.equal(sunk.status, 202, sunk.text)
  })
})
