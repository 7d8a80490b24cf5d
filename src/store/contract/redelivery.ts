import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type DeliveryId, newRedeliveryId } from '../../ids.ts'
import type { Store } from '../store.ts'
import {
  aClaim,
  aMessage,
  aMessageTo,
  anAdvance,
  aRedelivery,
  aSettled,
  delivered,
  noon,
  second,
} from './makers.ts'
import { bring, counts, lease, redeliverAll } from './redelivery-makers.ts'

export function testRedelivery(open: () => Promise<Store>): void {
  describe('a redelivery of many', () => {
    it('begins running, with the number of deliveries that match', async () => {
      await using store = await open()
      const from = noon - second
      const filter = { state: 'dead', endpoint: 'h/a', from, to: noon + second } as const
      await aSettled(store, 'dead', { endpoint: 'h/a' }, from)
      await aSettled(store, 'dead', { endpoint: 'h/a' }, noon)
      await aSettled(store, 'dead', { endpoint: 'h/a' }, from - 1)
      await aSettled(store, 'dead', { endpoint: 'h/a' }, noon + second)
      await aSettled(store, 'dead', { endpoint: 'h/b' }, noon)
      await aSettled(store, 'delivered', { endpoint: 'h/a' }, noon)
      const asked = aRedelivery({ filter })

      const redelivery = await store.createRedelivery(asked)

      assert.deepEqual(redelivery, {
        ...asked,
        state: 'running',
        matched: 2,
        processed: 0,
        redelivered: 0,
        skipped: 0,
        finishedAt: null,
      })
      assert.deepEqual(await store.redelivery(asked.id), redelivery)
      assert.equal(await store.redelivery(newRedeliveryId()), undefined)
    })

    it('takes an id once', async () => {
      await using store = await open()
      const asked = aRedelivery()
      await store.createRedelivery(asked)

      await assert.rejects(store.createRedelivery(asked), { code: 'USAGE' })

      assert.equal((await store.redeliveries({})).rows.length, 1)
    })

    it('makes a delivery for each that matches, the oldest first, a step at a time', async () => {
      await using store = await open()
      const ids: DeliveryId[] = []
      for (const age of [1, 3, 2]) {
        ids.push(await aSettled(store, 'dead', { orderKey: 'k' }, noon - age * second))
      }
      const [newest, oldest, middle] = ids
      const { id } = await store.createRedelivery(aRedelivery())
      await store.holdRedelivery(lease, noon)

      const first = await store.advanceRedelivery(id, anAdvance({ limit: 2 }))
      const last = await store.advanceRedelivery(id, anAdvance({ limit: 2 }))

      assert.deepEqual(first?.endpoints, ['hooks/audit'])
      assert.deepEqual(counts(first?.redelivery), ['running', 2, 2, 0])
      assert.deepEqual(counts(last?.redelivery), ['done', 3, 3, 0])
      assert.equal(last?.redelivery.finishedAt, anAdvance().now)
      const made = await store.deliveries({ state: 'pending' })
      const repeated = made.rows.map((row) => row.redeliveryOf)
      assert.deepEqual(repeated.reverse(), [oldest, middle, newest])
      assert.ok(made.rows.every((row) => row.dueAt === anAdvance().now && row.attempts === 0))
      assert.equal((await store.claim(aClaim({ now: anAdvance().now }))).length, 3)
    })

    it('sends the same message to the same endpoint', async () => {
      await using store = await open()
      const old = await aSettled(store, 'delivered', { endpoint: 'h/a' })
      const before = await store.delivery(old)

      await redeliverAll(store, aRedelivery({ filter: { state: 'delivered' } }))

      const [again] = await store.claim(aClaim({ endpoint: 'h/a', now: noon + 3600 * second }))
      assert.ok(again !== undefined && before !== undefined)
      assert.deepEqual({ ...again.message }, { ...before.message })
      assert.equal(again.redeliveryOf, old)
      assert.equal(again.orderKey, null)
    })

    it('is done at once when nothing matches', async () => {
      await using store = await open()
      await aSettled(store, 'delivered')

      const redelivery = await redeliverAll(store, aRedelivery())

      assert.deepEqual(counts(redelivery), ['done', 0, 0, 0])
    })

    it('never takes what was settled since it was asked for', async () => {
      await using store = await open()
      await aSettled(store, 'dead')
      const { id, createdAt } = await store.createRedelivery(aRedelivery())
      await aSettled(store, 'dead', {}, noon, createdAt)
      await store.holdRedelivery(lease, noon)

      const step = await store.advanceRedelivery(id, anAdvance())

      assert.deepEqual(counts(step?.redelivery), ['done', 1, 1, 0])
    })

    it('takes what did not match at all in its stride', async () => {
      await using store = await open()
      await store.enqueue(Array.from({ length: 4100 }, () => aMessageTo({ endpoint: 'h/other' })))
      await store.bury('h/other', 'gone', noon)
      const wanted = await aSettled(store, 'dead', { endpoint: 'h/a' }, noon + second)
      const filter = { state: 'dead', endpoint: 'h/a' } as const
      const { id } = await store.createRedelivery(aRedelivery({ filter }))
      await store.holdRedelivery(lease, noon)

      const step = await store.advanceRedelivery(id, anAdvance({ limit: 1 }))

      assert.deepEqual(counts(step?.redelivery).slice(1), [1, 1, 0])
      const [again] = (await store.deliveries({ state: 'pending' })).rows
      assert.equal(again?.redeliveryOf, wanted)
    })
  })

  describe('a second redelivery', () => {
    for (const state of ['pending', 'sending', 'delivered'] as const) {
      it(`leaves out what has a redelivery that is ${state}`, async () => {
        await using store = await open()
        await aSettled(store, 'dead')
        await redeliverAll(store, aRedelivery())
        await bring(store, state)

        const second_ = await redeliverAll(store, aRedelivery({ createdAt: noon + 7200 * second }))

        assert.deepEqual(counts(second_), ['done', 1, 0, 1])
      })
    }

    it('sends once more what died again, once for all that go back to one delivery', async () => {
      await using store = await open()
      const root = await aSettled(store, 'dead')
      await redeliverAll(store, aRedelivery())
      await bring(store, 'dead')

      const again = await redeliverAll(store, aRedelivery({ createdAt: noon + 7200 * second }))

      assert.deepEqual([again.matched, ...counts(again)], [2, 'done', 2, 1, 1])
      assert.equal((await store.deliveries({ state: 'pending' })).rows[0]?.redeliveryOf, root)
    })

    it('names the first delivery, also when it repeats a redelivery alone', async () => {
      await using store = await open()
      const root = await aSettled(store, 'dead')
      await redeliverAll(store, aRedelivery())
      await bring(store, 'dead')
      const [child] = (await store.deliveries({ limit: 1 })).rows
      assert.equal(child?.redeliveryOf, root)

      const filter = { state: 'dead', from: child.createdAt } as const
      const asked = aRedelivery({ filter, createdAt: child.createdAt + 7200 * second })
      const again = await redeliverAll(store, asked)

      assert.deepEqual([again.matched, ...counts(again)], [1, 'done', 1, 1, 0])
      assert.equal((await store.deliveries({ state: 'pending' })).rows[0]?.redeliveryOf, root)
    })

    it('sends nothing twice that was delivered by a redelivery', async () => {
      await using store = await open()
      const filter = { state: 'delivered' } as const
      await aSettled(store, 'delivered')
      await redeliverAll(store, aRedelivery({ filter }))
      await bring(store, 'delivered')

      const again = await redeliverAll(
        store,
        aRedelivery({ filter, createdAt: noon + 7200 * second }),
      )

      assert.deepEqual([again.matched, ...counts(again)], [2, 'done', 2, 0, 2])
    })

    it('counts a redelivery by hand as one, and one of that', async () => {
      await using store = await open()
      const root = await aSettled(store, 'dead')
      const found = await store.delivery(root)
      assert.ok(found)
      const child = aMessage({
        ...found.message,
        deliveries: aMessageTo({ redeliveryOf: root }).deliveries,
      })
      await store.enqueue([child])
      const [first] = await store.claim(aClaim())
      assert.ok(first)
      await store.settle([delivered(first, { next: { kind: 'dead', reason: 'x' } })])
      const deliveries = aMessageTo({ redeliveryOf: first.id }).deliveries
      await store.enqueue([{ ...child, deliveries }])

      const redelivery = await redeliverAll(store, aRedelivery())

      assert.deepEqual([redelivery.matched, ...counts(redelivery)], [2, 'done', 2, 0, 2])
    })

    it('leaves out what was erased', async () => {
      await using store = await open()
      const old = await aSettled(store, 'dead')
      const id = (await store.delivery(old))?.message.id
      assert.ok(id)
      await store.erase({ kind: 'message', id }, noon, 1)

      assert.deepEqual(counts(await redeliverAll(store, aRedelivery())), ['done', 1, 0, 1])
    })
  })
}
