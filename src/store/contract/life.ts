import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Store } from '../store.ts'
import { aMessage, noon } from './makers.ts'

export function testLife(open: () => Promise<Store>): void {
  describe('its life', () => {
    it('is ready and answers a ping', async () => {
      await using store = await open()

      await store.ready()
      await store.ping()

      assert.match(store.name, /^(memory|sqlite|postgres)$/)
    })

    it('tells no change of its own as another’s', async () => {
      await using store = await open()
      const before = store.version()

      await store.enqueue([aMessage()])

      assert.equal(store.version(), before)
    })

    it('takes a listener for the changes of others, and lets it go', async () => {
      await using store = await open()
      let calls = 0

      using listening = store.onChange(() => {
        calls += 1
      })
      listening[Symbol.dispose]()
      await store.enqueue([aMessage()])
      await store.ping()

      assert.equal(calls, 0)
    })

    it('finishes what was asked for before it closes', async () => {
      const store = await open()

      const stored = store.enqueue([aMessage()])
      await store[Symbol.asyncDispose]()

      await stored
      await store[Symbol.asyncDispose]()
    })

    it('refuses everything once closed', async () => {
      const store = await open()
      await store[Symbol.asyncDispose]()

      const unavailable = { code: 'STORE_UNAVAILABLE', message: 'the store is closed' }
      assert.throws(() => store.ready(), unavailable)
      await assert.rejects(store.ping(), unavailable)
      await assert.rejects(store.enqueue([aMessage()]), unavailable)
      await assert.rejects(store.recover(noon), unavailable)
      await assert.rejects(store.deliveries({}), unavailable)
      assert.equal(store.version(), undefined)
    })
  })
}
