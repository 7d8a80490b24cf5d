import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { newRedeliveryId } from '../../ids.ts'
import type { Store } from '../store.ts'
import { aClaim, anAdvance, aRedelivery, aSettled, delivered, noon, second } from './makers.ts'
import { counts, lease } from './redelivery-makers.ts'

export function testRedeliverySteps(open: () => Promise<Store>): void {
  describe('a step of a redelivery', () => {
    it('leaves no more on their way than it may, not counting what waits for a retry', async () => {
      await using store = await open()
      for (let each = 0; each < 5; each += 1) await aSettled(store, 'dead')
      const { id } = await store.createRedelivery(aRedelivery())
      await store.holdRedelivery(lease, noon)
      const step = async (): Promise<number | undefined> =>
        (await store.advanceRedelivery(id, anAdvance({ outstanding: 2 })))?.redelivery.redelivered
      const { now } = anAdvance()

      assert.equal(await step(), 2)
      assert.equal(await step(), 2)
      const [sending, waiting] = await store.claim(aClaim({ now }))
      assert.ok(sending && waiting)
      assert.equal(await step(), 2, 'what is being sent is on its way')
      await store.settle([
        delivered(sending),
        delivered(waiting, { next: { kind: 'pending', dueAt: now + second, reason: 'again' } }),
      ])
      assert.equal(await step(), 4)
      const later = anAdvance({ outstanding: 3, now: now + second })
      assert.equal((await store.advanceRedelivery(id, later))?.redelivery.redelivered, 4)
    })

    it('belongs to the host that holds it, until its lease has ended', async () => {
      await using store = await open()
      for (let each = 0; each < 4; each += 1) await aSettled(store, 'dead')
      const { id } = await store.createRedelivery(aRedelivery())
      const b = { owner: 'b', until: lease.until + 30 * second }
      const advance = async (owner: string): Promise<number | undefined> =>
        (await store.advanceRedelivery(id, anAdvance({ owner, limit: 1 })))?.redelivery.processed

      assert.equal(await advance('a'), undefined, 'nobody holds it')
      assert.equal((await store.holdRedelivery(lease, noon))?.id, id)
      assert.equal(await advance('a'), 1)
      assert.equal(await store.holdRedelivery(b, lease.until - 1), undefined)
      assert.equal(await advance('b'), undefined)
      assert.equal((await store.holdRedelivery(lease, noon))?.processed, 1, 'kept')
      assert.equal((await store.holdRedelivery(b, lease.until))?.processed, 1, 'taken over')
      assert.equal(await advance('a'), undefined)
      assert.equal(await advance('b'), 2)
    })

    it('is made by one of those who ask at the same time', async () => {
      await using store = await open()
      await aSettled(store, 'dead')
      await store.createRedelivery(aRedelivery())

      const held = await Promise.all(
        ['a', 'b', 'c'].map((owner) => store.holdRedelivery({ ...lease, owner }, noon)),
      )

      assert.equal(held.filter((each) => each !== undefined).length, 1)
    })

    it('makes nothing twice when many are asked for at once', async () => {
      await using store = await open()
      for (let each = 0; each < 10; each += 1) await aSettled(store, 'dead')
      const { id } = await store.createRedelivery(aRedelivery())
      await store.holdRedelivery(lease, noon)

      await Promise.all(
        [1, 2, 3, 4].map(() => store.advanceRedelivery(id, anAdvance({ limit: 4 }))),
      )

      const made = (await store.deliveries({ state: 'pending' })).rows.map(
        (row) => row.redeliveryOf,
      )
      assert.equal(made.length, 10)
      assert.equal(new Set(made).size, 10)
      assert.equal((await store.redelivery(id))?.state, 'done')
    })
  })

  describe('redeliveries', () => {
    it('are held oldest first, and not when they are over', async () => {
      await using store = await open()
      const [late, early] = [2, 1].map((age) => aRedelivery({ createdAt: noon + age * second }))
      assert.ok(late && early)
      await store.createRedelivery(late)
      await store.createRedelivery(early)
      const held = async (): Promise<string | undefined> =>
        (await store.holdRedelivery(lease, noon))?.id

      assert.equal(await held(), early.id)
      await store.advanceRedelivery(early.id, anAdvance())
      assert.equal(await held(), late.id)
      await store.stopRedelivery(late.id, noon)
      assert.equal(await held(), undefined)
    })

    it('stop where they stand', async () => {
      await using store = await open()
      for (let each = 0; each < 3; each += 1) await aSettled(store, 'dead')
      const { id } = await store.createRedelivery(aRedelivery())
      await store.holdRedelivery(lease, noon)
      await store.advanceRedelivery(id, anAdvance({ limit: 1 }))

      const stopped = await store.stopRedelivery(id, noon + second)

      assert.deepEqual(counts(stopped), ['stopped', 1, 1, 0])
      assert.equal(stopped?.finishedAt, noon + second)
      assert.equal(await store.advanceRedelivery(id, anAdvance()), undefined)
      assert.deepEqual(await store.stopRedelivery(id, noon + 2 * second), stopped)
      assert.equal((await store.backlog()).pending, 1)
      assert.equal(await store.stopRedelivery(newRedeliveryId(), noon), undefined)
    })

    it('are listed newest first, by state, page by page', async () => {
      await using store = await open()
      const asked = [0, 1, 2].map((age) => aRedelivery({ createdAt: noon + age * second }))
      for (const each of asked) await store.createRedelivery(each)
      const [oldest, middle, newest] = asked.map((each) => each.id)
      assert.ok(middle)
      await store.stopRedelivery(middle, noon)
      await store.audit([])

      const first = await store.redeliveries({ limit: 2 })
      const last = await store.redeliveries({ limit: 2, cursor: first.nextCursor ?? 'none' })
      const running = await store.redeliveries({ state: 'running' })

      const idsOf = (rows: readonly { readonly id: string }[]): string[] => rows.map(({ id }) => id)
      assert.deepEqual(idsOf(first.rows), [newest, middle])
      assert.deepEqual(idsOf(last.rows), [oldest])
      assert.equal(last.nextCursor, null)
      assert.deepEqual(idsOf(running.rows), [newest, oldest])
      await assert.rejects(store.redeliveries({ cursor: 'x' }), { code: 'USAGE' })
      await assert.rejects(store.redeliveries({ limit: 0 }), { code: 'USAGE' })
    })

    it('are removed with what is old, when they are over', async () => {
      await using store = await open()
      const [running, over] = [aRedelivery(), aRedelivery()]
      await store.createRedelivery(running)
      await store.createRedelivery(over)
      await store.stopRedelivery(over.id, noon)

      assert.equal(await store.prune(noon, 10), 0)
      assert.equal(await store.prune(noon + 1, 10), 1)

      const { rows } = await store.redeliveries({})
      assert.deepEqual(
        rows.map((row) => row.id),
        [running.id],
      )
    })
  })
}
