import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Clock, systemClock } from '../../../../src/clock.ts'
import { CarabinerError } from '../../../../src/errors.ts'
import { MemoryStore } from '../../../../src/store/memory/memory-store.ts'
import { eventually } from '../../../helpers/engine.ts'
import { type FailureKind, failingStore } from '../../../helpers/failing-store.ts'
import { FakeClock } from '../../../helpers/fake-clock.ts'
import { receiver } from '../../../helpers/receiver.ts'
import { startIngress } from '../ingress-host.ts'

describe('a store that fails', { timeout: 60_000 }, () => {
  it('before the commit: 503, nothing is left, and the provider’s retry is taken', async () => {
    await using to = await receiver()
    const { store } = failingOnce('before')
    await using host = await startIngress({ callback: to.url, opened: store })

    const refused = await host.post()
    const nothing = await host.audit('')
    const taken = await host.post()
    await host.reaches(String(taken.json['data']?.['eventId']), 'processed')

    assert.equal(refused.status, 503)
    assert.equal(refused.json['error']?.['code'], 'DEPENDENCY_UNAVAILABLE')
    assert.ok(Number(refused.headers.get('retry-after')) >= 1)
    assert.deepEqual(nothing, [])
    assert.equal(taken.status, 202, taken.text)
    assert.equal(to.received.length, 1)
  })

  it('to say that it has committed: 503, the retry is a duplicate, and the event is delivered once', async () => {
    await using to = await receiver()
    const clock = new FakeClock()
    const { store } = failingOnce('after', clock)
    await using host = await startIngress({
      callback: to.url,
      stanza: 'timeout: 1h',
      opened: store,
      clock,
    })

    const refused = await host.post()
    const retried = await host.post()
    const id = String(retried.json['data']?.['eventId'])
    // Nobody knows that it is this host's to send, until the lease is over.
    await eventually(async () => {
      await clock.advance(1_000)
      return String((await host.event(id))['status']) === 'processed'
    })

    assert.equal(refused.status, 503)
    assert.equal(retried.status, 200, retried.text)
    assert.equal(to.received.length, 1)
  })

  it('for the count of those that are not genuine: they are refused all the same', async () => {
    const away = { is: false }
    const real = new MemoryStore(systemClock)
    const store = new Proxy(real, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        return name === 'takePermits' && away.is ? unavailable : value.bind(target)
      },
    })
    await using host = await startIngress({ opened: store })
    away.is = true

    const { status } = await host.post({}, { 'x-acme-signature': '00' })

    assert.equal(status, 401)
  })
})

/** A store whose first commit of a webhook fails. */
function failingOnce(kind: FailureKind, clock: Clock = systemClock) {
  let isOver = false
  return failingStore(new MemoryStore(clock), (_index, name) => {
    if (name !== 'enqueue' || isOver) return undefined
    isOver = true
    return kind
  })
}

function unavailable(): Promise<never> {
  return Promise.reject(new CarabinerError('STORE_UNAVAILABLE', 'the store failed on cue'))
}
