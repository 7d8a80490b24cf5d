import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DeliveryFilter, Store } from '../store.ts'
import {
  aClaim,
  aClaimed,
  aDelivery,
  aMessage,
  aMessageTo,
  anAuditRow,
  delivered,
  noon,
  second,
} from './makers.ts'

export function testListing(open: () => Promise<Store>): void {
  describe('deliveries', () => {
    it('is of some messages alone, when they are named', async () => {
      await using store = await open()
      const messages = [0, 1, 2, 3].map((index) =>
        aMessage({
          createdAt: noon + index,
          deliveries: [aDelivery({ endpoint: 'h/a' }), aDelivery({ endpoint: 'h/b' })],
        }),
      )
      await store.enqueue(messages)
      const [first, , third, last] = messages.map(({ id }) => id)
      assert.ok(first && third && last)
      const messageIds = [last, first, third, first]

      const page = await store.deliveries({ messageIds, limit: 4 })
      const rest = await store.deliveries({ messageIds, cursor: page.nextCursor ?? 'none' })
      const some = await store.deliveries({
        messageIds,
        endpoint: 'h/b',
        from: noon + 1,
        to: noon + 3,
      })

      assert.deepEqual(
        [...page.rows, ...rest.rows].map((row) => row.messageId),
        [last, last, third, third, first, first],
      )
      assert.equal(rest.nextCursor, null)
      assert.deepEqual(
        some.rows.map(({ messageId, endpoint }) => [messageId, endpoint]),
        [[third, 'h/b']],
      )
      assert.deepEqual((await store.deliveries({ messageIds: [] })).rows, [])
      const tooMany = Array.from({ length: 101 }, () => first)
      await assert.rejects(store.deliveries({ messageIds: tooMany }), { code: 'USAGE' })
    })

    it('are listed newest first, page by page, each once', async () => {
      await using store = await open()
      // Stored in another order than created, and three at the same time.
      const ages = [3, 0, 1, 1, 1, 2, 4]
      await store.enqueue(ages.map((age) => aMessageTo({}, noon - age * second)))

      const pages = await allPages(store, { limit: 2 })

      assert.deepEqual(
        pages.map((page) => page.length),
        [2, 2, 2, 1],
      )
      const rows = pages.flat()
      assert.deepEqual(
        rows.map((row) => (noon - row.createdAt) / second),
        [0, 1, 1, 1, 2, 3, 4],
      )
      assert.equal(new Set(rows.map((row) => row.id)).size, ages.length)
    })

    it('go on where the page ended, whatever is stored meanwhile', async () => {
      await using store = await open()
      const old = [2, 1].map((age) => aMessageTo({}, noon - age * second))
      await store.enqueue(old)
      const first = await store.deliveries({ limit: 1 })
      await store.enqueue([aMessageTo({}, noon)])

      const next = await store.deliveries({ limit: 1, cursor: first.nextCursor ?? 'none' })

      assert.equal(next.rows[0]?.id, old[0]?.deliveries[0]?.id)
      assert.equal(next.nextCursor, null)
    })

    it('are filtered by state, endpoint and time', async () => {
      await using store = await open()
      const claimed = await aClaimed(store, { endpoint: 'h/a' })
      await store.settle([delivered(claimed)])
      await store.enqueue([
        aMessageTo({ endpoint: 'h/a' }, noon + second),
        aMessageTo({ endpoint: 'h/b' }, noon + 2 * second),
      ])

      const count = async (filter: DeliveryFilter): Promise<number> =>
        (await store.deliveries(filter)).rows.length
      assert.equal(await count({ state: 'delivered' }), 1)
      assert.equal(await count({ state: 'pending' }), 2)
      assert.equal(await count({ state: 'dead' }), 0)
      assert.equal(await count({ endpoint: 'h/a' }), 2)
      assert.equal(await count({ endpoint: 'h/a', state: 'pending' }), 1)
      assert.equal(await count({ from: noon + second }), 2)
      assert.equal(await count({ to: noon + second }), 1)
      assert.equal(await count({ from: noon + second, to: noon + 2 * second, endpoint: 'h/a' }), 1)
    })

    it('are a hundred to a page unless asked otherwise', async () => {
      await using store = await open()
      await store.enqueue(Array.from({ length: 101 }, () => aMessageTo({})))

      const page = await store.deliveries({})

      assert.equal(page.rows.length, 100)
      assert.equal((await store.deliveries({ cursor: page.nextCursor ?? 'none' })).rows.length, 1)
    })

    it('refuse a cursor that is not theirs, and a limit out of range', async () => {
      await using store = await open()
      await store.audit([anAuditRow(), anAuditRow()])
      const { nextCursor } = await store.auditTrail({ limit: 1 })
      assert.ok(nextCursor)

      for (const cursor of ['', 'x', '!', 'MQ', nextCursor]) {
        await assert.rejects(store.deliveries({ cursor }), { code: 'USAGE', message: /cursor/ })
      }
      for (const limit of [0, -1, 1.5, 1001, Number.NaN]) {
        await assert.rejects(store.deliveries({ limit }), { code: 'USAGE', message: /limit/ })
      }
    })
  })

  describe('backlog', () => {
    it('counts what waits, is being sent and is dead, and tells the oldest', async () => {
      await using store = await open()
      assert.deepEqual(await store.backlog(), {
        pending: 0,
        sending: 0,
        dead: 0,
        oldestPendingAt: null,
      })
      await aClaimed(store, { dueAt: noon - second })
      const dead = await aClaimed(store)
      await store.settle([delivered(dead, { next: { kind: 'dead', reason: 'x' } })])
      await store.enqueue([
        aMessageTo({ orderKey: 'k' }, noon + second),
        aMessageTo({ orderKey: 'k' }, noon - second),
      ])

      assert.deepEqual(await store.backlog(), {
        pending: 2,
        sending: 1,
        dead: 1,
        oldestPendingAt: noon - second,
      })
      assert.equal((await store.claim(aClaim({ now: noon }))).length, 1)
    })
  })
}

async function allPages(
  store: Store,
  filter: DeliveryFilter,
): Promise<Awaited<ReturnType<Store['deliveries']>>['rows'][]> {
  const page = await store.deliveries(filter)
  if (page.nextCursor === null) return [page.rows]
  return [page.rows, ...(await allPages(store, { ...filter, cursor: page.nextCursor }))]
}
