import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type DeliveryId, newRedeliveryId } from '../../ids.ts'
import type { DeliveryRow, Store } from '../store.ts'
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

const lease = { owner: 'a', until: noon + 90 * second }

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
      assert.deepEqual(again?.message, before?.message)
      assert.equal(again?.redeliveryOf, old)
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

type Redelivery = NonNullable<Awaited<ReturnType<Store['redelivery']>>>

function counts(redelivery: Redelivery | undefined): unknown[] {
  if (redelivery === undefined) return []
  const { state, processed, redelivered, skipped } = redelivery
  return [state, processed, redelivered, skipped]
}

async function redeliverAll(
  store: Store,
  asked: ReturnType<typeof aRedelivery>,
): Promise<Redelivery> {
  const { id, createdAt } = await store.createRedelivery(asked)
  await store.holdRedelivery(lease, noon)
  const step = await store.advanceRedelivery(id, anAdvance({ now: createdAt }))
  assert.ok(step)
  return step.redelivery
}

/** Brings the one delivery that waits to a state. */
async function bring(store: Store, state: DeliveryRow['state']): Promise<void> {
  if (state === 'pending') return
  const [claimed] = await store.claim(aClaim({ now: noon + 3600 * second }))
  assert.ok(claimed)
  if (state === 'delivered') await store.settle([delivered(claimed)])
  if (state === 'dead') {
    await store.settle([delivered(claimed, { next: { kind: 'dead', reason: 'again' } })])
  }
}
