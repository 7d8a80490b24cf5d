import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CarabinerError } from '../../src/errors.ts'
import { openParking } from '../../src/parking/open-parking.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { aDesk } from './a-desk.ts'

describe('scope.callbacks', () => {
  it('opens a callback that is stored, with the address and signature of the desk', async () => {
    const { callbacks, clock } = someCallbacks()
    using _desk = callbacks.serve(aDesk())

    const opened = await callbacks.open('worker', { timeout: '1h', meta: { order: 7 } })

    const [stored] = await callbacks.book.find([opened.id])
    assert.equal(opened.url, `https://hooks.test/api/callbacks/${opened.id}/complete`)
    assert.equal(opened.signature, `signature of ${opened.id}`)
    assert.equal(opened.expiresAt, clock.now() + 3_600_000)
    assert.equal(stored?.state, 'WaitingExternal')
    assert.equal(stored?.waiter, 'host')
    const meta = { host: 'host-1', by: 'worker', dispatch: null, event: null, meta: { order: 7 } }
    assert.deepEqual(stored?.meta, meta)
  })

  it('opens none without a desk, and none with a timeout that cannot be one', async () => {
    const { callbacks } = someCallbacks()
    await assert.rejects(callbacks.open('worker', { timeout: '1h' }), coded('CALLBACKS_OFF'))

    using _desk = callbacks.serve(aDesk())

    await assert.rejects(callbacks.open('worker', { timeout: '5 s' }), coded('QUANTITY_INVALID'))
    await assert.rejects(callbacks.open('worker', { timeout: '31d' }), coded('USAGE'))
  })

  it('asks the desk that came last, and the one before it when that is gone', async () => {
    const { callbacks } = someCallbacks()
    const urlNow = async (): Promise<string> =>
      new URL((await callbacks.open('worker', { timeout: 1 })).url).host
    using _old = callbacks.serve(aDesk({ host: 'old.test' }))
    const next = callbacks.serve(aDesk({ host: 'next.test' }))
    assert.equal(await urlNow(), 'next.test')

    next[Symbol.dispose]()

    assert.equal(await urlNow(), 'old.test')
  })
})

function someCallbacks() {
  const clock = new FakeClock()
  const { callbacks } = openParking({
    hostId: 'host-1',
    store: new MemoryStore(clock),
    clock,
    log: { debug() {}, info() {}, warn() {}, error() {} },
    observe: { finished() {} },
  })
  return { callbacks, clock }
}

function coded(code: string) {
  return (error: unknown): boolean => error instanceof CarabinerError && error.code === code
}
