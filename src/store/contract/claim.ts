import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Store } from '../store.ts'
import { aClaim, aClaimed, aMessage, aMessageTo, delivered, noon, second } from './makers.ts'

export function testClaim(open: () => Promise<Store>): void {
  describe('claim', () => {
    it('gives a due delivery with its message, and says that it is being sent', async () => {
      await using store = await open()
      const message = aMessage()
      await store.enqueue([message])

      const [claimed] = await store.claim(aClaim())

      assert.equal(claimed?.state, 'sending')
      assert.equal(claimed?.id, message.deliveries[0]?.id)
      assert.equal(claimed?.orderKey, null)
      assert.equal(claimed?.message.id, message.id)
      assert.equal(Buffer.from(claimed?.message.body ?? []).toString(), '{"amount":1}')
      assert.deepEqual({ ...claimed?.message.headers }, { 'x-servo-event': 'after:adjust' })
    })

    it('gives the oldest due first, what is equally due in the order it was stored', async () => {
      await using store = await open()
      const late = aMessageTo({ dueAt: noon })
      const early = [1, 2, 3].map(() => aMessageTo({ dueAt: noon - second }))
      await store.enqueue([late, ...early])

      const claimed = await store.claim(aClaim({ limit: 3 }))

      assert.deepEqual(
        claimed.map((delivery) => delivery.message.id),
        early.map((message) => message.id),
      )
    })

    it('gives nothing before it is due', async () => {
      await using store = await open()
      await store.enqueue([aMessageTo({ dueAt: noon + 1 })])

      assert.deepEqual(await store.claim(aClaim({ now: noon })), [])
      assert.equal((await store.claim(aClaim({ now: noon + 1 }))).length, 1)
    })

    it('gives each endpoint its own number, and nothing of endpoints that were not named', async () => {
      await using store = await open()
      const names = ['h/a', 'h/a', 'h/a', 'h/b', 'h/b', 'h/c']
      await store.enqueue(names.map((endpoint) => aMessageTo({ endpoint })))

      const claimed = await store.claim({
        ...aClaim(),
        endpoints: [
          { endpoint: 'h/a', limit: 2 },
          { endpoint: 'h/b', limit: 9 },
          { endpoint: 'h/a', limit: 0 },
          { endpoint: 'h/nobody', limit: 5 },
        ],
      })

      assert.deepEqual(claimed.map((row) => row.endpoint).sort(), ['h/a', 'h/a', 'h/b', 'h/b'])
    })

    it('gives a delivery to one host only', async () => {
      await using store = await open()
      await store.enqueue(Array.from({ length: 20 }, () => aMessage()))

      const claims = await Promise.all(
        ['a', 'b', 'a', 'b'].map((owner) => store.claim(aClaim({ owner, limit: 7 }))),
      )

      const ids = claims.flat().map((claimed) => claimed.id)
      assert.equal(ids.length, 20)
      assert.equal(new Set(ids).size, 20)
    })

    it('tells when the next one is due', async () => {
      await using store = await open()
      assert.equal(await store.nextDueAt(['h/a', 'h/b']), null)
      await store.enqueue([
        aMessageTo({ endpoint: 'h/a', dueAt: noon + 5 * second }),
        aMessageTo({ endpoint: 'h/b', dueAt: noon + 3 * second }),
        aMessageTo({ endpoint: 'h/c', dueAt: noon }),
      ])

      assert.equal(await store.nextDueAt(['h/a', 'h/b']), noon + 3 * second)
      assert.equal(await store.nextDueAt(['h/a']), noon + 5 * second)
      assert.equal(await store.nextDueAt([]), null)
    })
  })

  describe('order keys', () => {
    it('hold back the next of a key until the one before is settled', async () => {
      await using store = await open()
      await store.enqueue(['k', 'k', 'other', null].map((orderKey) => aMessageTo({ orderKey })))

      const first = await store.claim(aClaim())
      const meanwhile = await store.claim(aClaim({ owner: 'b' }))
      assert.deepEqual(
        first.map((claimed) => claimed.orderKey),
        ['k', 'other', null],
      )
      assert.deepEqual(meanwhile, [])
      assert.equal(await store.nextDueAt(['hooks/audit']), null)

      await store.settle(first.map((claimed) => delivered(claimed)))

      const second = await store.claim(aClaim({ owner: 'b' }))
      assert.deepEqual(
        second.map((claimed) => claimed.orderKey),
        ['k'],
      )
    })

    it('keep the order while the first is tried again', async () => {
      await using store = await open()
      const first = await aClaimed(store, { orderKey: 'k' })
      await store.enqueue([aMessageTo({ orderKey: 'k', dueAt: noon - 60 * second })])
      const dueAt = noon + 60 * second

      await store.settle([
        delivered(first, { attempt: null, next: { kind: 'pending', dueAt, reason: '503' } }),
      ])

      assert.deepEqual(await store.claim(aClaim()), [])
      const claimed = await store.claim(aClaim({ now: dueAt }))
      assert.deepEqual(
        claimed.map((each) => each.id),
        [first.id],
      )
    })

    it('let the next go when the one before is dead or cancelled', async () => {
      await using store = await open()
      const first = await aClaimed(store, { orderKey: 'k' })
      const waiting = [1, 2, 3].map(() => aMessageTo({ orderKey: 'k' }))
      await store.enqueue(waiting)
      const [second, third, last] = waiting.map((message) => message.deliveries[0]?.id)
      if (second === undefined || third === undefined) throw new TypeError('nothing to cancel')

      await store.cancel(third, noon)
      assert.deepEqual(await store.claim(aClaim()), [], 'cancelling what waits lets nothing pass')
      await store.settle([delivered(first, { next: { kind: 'dead', reason: '410' } })])
      await store.cancel(second, noon)

      assert.deepEqual(
        (await store.claim(aClaim())).map((each) => each.id),
        [last],
      )
    })

    it('are each endpoint’s own', async () => {
      await using store = await open()
      await aClaimed(store, { orderKey: 'k', endpoint: 'h/a' })
      await store.enqueue([aMessageTo({ orderKey: 'k', endpoint: 'h/b' })])

      assert.equal((await store.claim(aClaim({ endpoint: 'h/b' }))).length, 1)
    })

    it('hold nothing back once everything before is buried', async () => {
      await using store = await open()
      await store.enqueue([1, 2, 3].map(() => aMessageTo({ orderKey: 'k' })))
      await store.bury('hooks/audit', 'gone', noon)
      await store.enqueue([aMessageTo({ orderKey: 'k' })])

      assert.equal((await store.claim(aClaim())).length, 1)
    })
  })
}
