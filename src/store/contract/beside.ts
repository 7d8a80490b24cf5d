import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Store } from '../store.ts'
import { aDelivery, aMessage, anAuditRow, aPut, aRemoval } from './makers.ts'

export function testBeside(open: () => Promise<Store>): void {
  describe('what is committed beside messages', () => {
    it('is stored with them', async () => {
      await using store = await open()
      const row = anAuditRow()

      await store.enqueue([aMessage()], undefined, { records: [aPut('a')], audit: [row] })

      assert.equal((await store.deliveries({})).rows.length, 1)
      assert.equal((await store.records('c/things', ['a']))[0]?.version, 1)
      assert.deepEqual((await store.auditTrail({})).rows, [row])
    })

    it('needs no message', async () => {
      await using store = await open()

      await store.enqueue([], undefined, { records: [aPut('a')], audit: [anAuditRow()] })

      assert.equal((await store.records('c/things', ['a']))[0]?.version, 1)
      assert.equal((await store.auditTrail({})).rows.length, 1)
    })

    it('takes everything of its call with it when a record conflicts, and nothing of another call', async () => {
      await using store = await open()
      await store.writeRecords([aPut('there')])

      const results = await Promise.allSettled([
        store.enqueue([aMessage()], undefined, { records: [aPut('first')] }),
        store.enqueue([aMessage(), aMessage()], undefined, {
          records: [aPut('lost'), aRemoval('first'), aPut('there', { expects: 'absent' })],
          audit: [anAuditRow()],
        }),
        store.enqueue([aMessage()], undefined, { records: [aPut('last')] }),
        store.writeRecords([aPut('there', { expects: 1 })]),
      ])

      assert.deepEqual(
        results.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
      )
      assert.equal((await store.deliveries({})).rows.length, 2)
      const records = await store.records('c/things', ['first', 'lost', 'last', 'there'])
      assert.deepEqual(
        records.map((record) => record?.version),
        [1, undefined, 1, 2],
      )
      assert.deepEqual((await store.auditTrail({})).rows, [])
    })

    it('is not stored when a message is refused, nor when an audit row is', async () => {
      await using store = await open()
      const twice = aDelivery()
      const row = anAuditRow()
      await store.audit([row])
      const records = [aPut('a', { unique: ['u'], entries: { name: ['n'] } })]

      await assert.rejects(
        store.enqueue([aMessage({ deliveries: [twice, twice] })], undefined, { records }),
        { code: 'USAGE' },
      )
      await assert.rejects(store.enqueue([aMessage()], undefined, { records, audit: [row] }), {
        code: 'USAGE',
      })

      assert.deepEqual(await store.records('c/things', ['a']), [undefined])
      assert.deepEqual((await store.deliveries({})).rows, [])
      await store.writeRecords([aPut('b', { unique: ['u'] })])
    })

    it('lets one of many callers at once write what each expects to be absent', async () => {
      await using store = await open()

      const results = await Promise.allSettled(
        Array.from({ length: 20 }, (_, index) =>
          store.enqueue([aMessage()], undefined, {
            records: [aPut('once', { expects: 'absent', value: index })],
          }),
        ),
      )

      const won = results.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []))
      const lost = results.flatMap((result) =>
        result.status === 'rejected' ? [result.reason] : [],
      )
      assert.equal(won.length, 1)
      assert.ok(lost.every((reason) => reason.code === 'RECORD_CONFLICT'))
      assert.equal((await store.deliveries({})).rows.length, 1)
      assert.equal((await store.records('c/things', ['once']))[0]?.value, won[0])
    })
  })
}
