import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AuditPageQuery, Store } from '../store.ts'
import { aClaim, aDelivery, aMessage, anAuditRow, delivered, noon, second } from './makers.ts'

export function testRetention(open: () => Promise<Store>): void {
  describe('audit', () => {
    it('is listed newest first and filtered', async () => {
      await using store = await open()
      const rows = [
        anAuditRow({ createdAt: noon - second }),
        anAuditRow({ entityId: 'd-2', action: 'decision.made' }),
        anAuditRow({ entityType: 'key', createdAt: noon + second }),
      ]
      await store.audit(rows)

      const ids = async (filter: object): Promise<(string | undefined)[]> =>
        (await store.auditTrail(filter)).rows.map((row) => row.id)
      assert.deepEqual(await ids({}), rows.map((row) => row.id).reverse())
      assert.deepEqual(await ids({ entityType: 'key' }), [rows[2]?.id])
      assert.deepEqual(await ids({ entityType: 'delivery', entityId: 'd-2' }), [rows[1]?.id])
      assert.deepEqual(await ids({ action: 'decision.made' }), [rows[1]?.id])
      assert.deepEqual(await ids({ from: noon }), [rows[2]?.id, rows[1]?.id])
      const [row] = (await store.auditTrail({ action: 'decision.made' })).rows
      assert.deepEqual(row, rows[1])
    })

    it('is paged', async () => {
      await using store = await open()
      await store.audit([1, 2, 3].map(() => anAuditRow()))

      const first = await store.auditTrail({ limit: 2 })
      const last = await store.auditTrail({ limit: 2, cursor: first.nextCursor ?? 'none' })

      assert.equal(first.rows.length, 2)
      assert.equal(last.rows.length, 1)
      assert.equal(last.nextCursor, null)
    })

    it('is paged by place, too, with the number of rows on all pages', async () => {
      await using store = await open()
      const rows = [4, 3, 2, 1, 0].map((age) =>
        anAuditRow({
          createdAt: noon - age * second,
          action: age === 1 ? 'decision.made' : 'delivery.redelivered',
          entityId: age === 3 ? 'd-3' : 'd-1',
        }),
      )
      await store.audit(rows)
      const ids = rows.map((row) => row.id).reverse()
      const page = async (query: AuditPageQuery): Promise<[string[], number]> => {
        const { rows: found, total } = await store.auditPage(query)
        return [found.map((row) => row.id), total]
      }

      assert.deepEqual(await page({ offset: 0, limit: 2 }), [ids.slice(0, 2), 5])
      assert.deepEqual(await page({ offset: 4, limit: 2 }), [ids.slice(4), 5])
      assert.deepEqual(await page({ offset: 9, limit: 2 }), [[], 5])
      const redelivered = { action: 'delivery.redelivered', entityType: 'delivery' }
      assert.deepEqual(await page({ ...redelivered, entityId: 'd-1', offset: 1, limit: 9 }), [
        [ids[2], ids[4]],
        3,
      ])
      assert.deepEqual(await page({ entityType: 'key', offset: 0, limit: 9 }), [[], 0])
      assert.deepEqual((await store.auditPage({ offset: 0, limit: 1 })).rows, rows.slice(4))
      await assert.rejects(store.auditPage({ offset: 0, limit: 0 }), { code: 'USAGE' })
    })

    it('takes a row once, and all rows of a call or none', async () => {
      await using store = await open()
      const row = anAuditRow()
      await store.audit([row])

      await assert.rejects(store.audit([anAuditRow(), row]), { code: 'USAGE' })

      assert.equal((await store.auditTrail({})).rows.length, 1)
    })
  })

  describe('prune', () => {
    it('removes what was settled before, the oldest first, at most the limit', async () => {
      await using store = await open()
      const messages = [1, 2, 3, 4].map(() => aMessage())
      await store.enqueue(messages)
      const claimed = await store.claim(aClaim({ limit: 3 }))
      await store.settle(claimed.map((each, index) => delivered(each, { at: noon + index })))

      assert.equal(await store.prune(noon + 2, 1), 1)
      assert.equal(await store.prune(noon + 2, 100), 1)
      assert.equal(await store.prune(noon + 2, 100), 0)

      const { rows } = await store.deliveries({})
      assert.deepEqual(rows.map((row) => row.state).sort(), ['delivered', 'pending'])
    })

    it('keeps a message until the last of its deliveries goes', async () => {
      await using store = await open()
      const message = aMessage({ deliveries: [aDelivery(), aDelivery({ endpoint: 'h/b' })] })
      await store.enqueue([message])
      const [first] = await store.claim(aClaim())
      assert.ok(first)
      await store.settle([delivered(first)])

      assert.equal(await store.prune(noon + 60 * second, 10), 1)
      const [second_] = await store.claim(aClaim({ endpoint: 'h/b' }))
      assert.equal(second_?.message.id, message.id)
      await store.settle([delivered({ id: second_.id })])
      assert.equal(await store.prune(noon + 60 * second, 10), 1)

      // Nothing knows the message any more: its id is free for another body.
      await store.enqueue([{ ...message, body: Buffer.from('new'), deliveries: [aDelivery()] }])
      assert.equal((await store.deliveries({})).rows.length, 1)
    })

    it('prunes more than fits one batch', async () => {
      await using store = await open()
      await store.enqueue(Array.from({ length: 1100 }, () => aMessage()))
      const claimed = await store.claim(aClaim({ limit: 1100 }))
      await store.settle(claimed.map((each) => delivered(each)))

      assert.equal(await store.prune(noon + 60 * second, 1050), 1050)
      assert.equal(await store.prune(noon + 60 * second, 1050), 50)
    })
  })
}
