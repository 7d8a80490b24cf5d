import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CarabinerError } from '../../src/errors.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { aFace, servedHost } from '../helpers/served-host.ts'

describe('a request that the store refuses', () => {
  it('leaves the reason in the log, and nowhere else; of one route once in 10 s', async () => {
    const clock = new FakeClock()
    const reason = new CarabinerError('STORE_UNAVAILABLE', 'relation "records" is not there')
    const refuse = (): Promise<never> => Promise.reject(reason)
    const store = { ...aFace().store, endpointStates: refuse }
    await using host = await servedHost({ clock, face: { store } })
    const logged = () => host.log.filter(({ level }) => level === 'warn')

    const answer = await host.request('/api/v1/assembly', { headers: { 'x-trace-id': 'first' } })
    await host.request('/api/v1/assembly')
    const atOnce = logged()
    await clock.advance(10_000)
    await host.request('/api/v1/assembly')

    assert.equal(answer.status, 503)
    assert.doesNotMatch(answer.text, /records/)
    assert.deepEqual(atOnce, [
      {
        level: 'warn',
        fields: { err: reason, traceId: 'first', route: '/api/v1/assembly' },
        message: 'request refused: the store is away',
      },
    ])
    assert.equal(logged().length, 2)
  })
})
