import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { newDeliveryId } from '../../ids.ts'
import type { Store } from '../store.ts'
import { aClaim, aClaimed, aMessageTo, delivered, noon, second } from './makers.ts'

export function testLease(open: () => Promise<Store>): void {
  describe('leases', () => {
    it('are prolonged for what is still the caller’s', async () => {
      await using store = await open()
      await store.beat('a', noon + 31 * second)
      const held = await aClaimed(store)
      const settled = await aClaimed(store)
      await store.settle([delivered(settled)])
      const ids = [held.id, settled.id, newDeliveryId()]

      const kept = await store.renew(ids, { owner: 'a', until: noon + 60 * second })
      const others = await store.renew(ids, { owner: 'b', until: noon + 90 * second })

      assert.deepEqual([...kept], [held.id])
      assert.deepEqual([...others], [])
      assert.equal(await store.recover(noon + 31 * second), 0)
    })

    it('are given back, due at once, without an attempt', async () => {
      await using store = await open()
      const claimed = await aClaimed(store)

      await store.release([claimed.id], 'b')
      assert.equal((await store.delivery(claimed.id))?.delivery.state, 'sending')
      await store.release([claimed.id], 'a')

      const [again] = await store.claim(aClaim({ owner: 'b' }))
      assert.equal(again?.id, claimed.id)
      assert.equal(again?.attempts, 0)
    })

    it('keep an order key closed when given back, and open for the same delivery', async () => {
      await using store = await open()
      const first = await aClaimed(store, { orderKey: 'k' })
      await store.enqueue([aMessageTo({ orderKey: 'k' })])

      await store.release([first.id], 'a')

      const claimed = await store.claim(aClaim({ owner: 'b' }))
      assert.deepEqual(
        claimed.map((each) => each.id),
        [first.id],
      )
    })
  })

  describe('recover', () => {
    it('gives back what a lease has ended for, due at once', async () => {
      await using store = await open()
      const claimed = await aClaimed(store)
      const end = noon + 30 * second
      await store.beat('a', end)

      assert.equal(await store.recover(end - 1), 0)
      assert.equal(await store.recover(end), 1)

      assert.deepEqual(await store.settle([delivered(claimed)]), [false])
      const [again] = await store.claim(aClaim({ now: end, owner: 'b' }))
      assert.equal(again?.id, claimed.id)
    })

    it('gives back what a silent host holds, 10 s after its last beat', async () => {
      await using store = await open()
      await store.beat('a', noon)
      await store.beat('b', noon + 9 * second)
      await aClaimed(store)
      await store.enqueue([aMessageTo({})])
      const [other] = await store.claim(aClaim({ owner: 'b' }))

      assert.equal(await store.recover(noon + 10 * second), 0)
      assert.equal(await store.recover(noon + 10 * second + 1), 1)

      assert.equal(other && (await store.delivery(other.id))?.delivery.state, 'sending')
    })

    it('gives back at once what a host holds that left or was never there', async () => {
      await using store = await open()
      await store.beat('a', noon)
      await aClaimed(store)
      assert.equal(await store.recover(noon), 0)

      await store.leave('a')

      assert.equal(await store.recover(noon), 1)
      assert.equal((await store.claim(aClaim({ owner: 'nobody' }))).length, 1)
      assert.equal(await store.recover(noon), 1)
    })

    it('takes a host back that beats again', async () => {
      await using store = await open()
      await store.beat('a', noon)
      await store.recover(noon + 60 * second)
      await store.beat('a', noon + 60 * second)
      const now = noon + 60 * second
      await store.enqueue([aMessageTo({})])
      await store.claim(aClaim({ now }))

      assert.equal(await store.recover(now), 0)
    })

    it('names the hosts that live: those that have beaten within 10 s and have not left', async () => {
      await using store = await open()
      await store.beat('a', noon)
      await store.beat('b', noon + 9 * second)
      await store.beat('c', noon + 9 * second)
      await store.leave('c')

      assert.deepEqual(await store.liveHosts(noon + 10 * second), new Set(['a', 'b']))
      assert.deepEqual(await store.liveHosts(noon + 10 * second + 1), new Set(['b']))

      await store.beat('a', noon + 60 * second)

      assert.deepEqual(await store.liveHosts(noon + 60 * second), new Set(['a']))
    })
  })
}
