import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { StoredRecord } from '../records.ts'
import type { Store } from '../store.ts'
import { anAuditRow, aPatch, aPut, aPutUnder, aRemoval, aWalk, noon } from './makers.ts'

export function testRecordPatches(open: () => Promise<Store>): void {
  describe('a patch of a record', () => {
    it('sets members of its value, and leaves the rest as it is', async () => {
      await using store = await open()
      const value = { state: 'pending', text: 'a\0b \ud800 \\u0000 \x1a0041 🪝', list: [1.5, null] }
      const content = Uint8Array.of(1, 2, 3)
      await store.writeRecords([
        aPut('a', { value, content, unique: ['u'], entries: { name: ['n'] }, expiresAt: noon }),
      ])

      await store.writeRecords([aPatch('a', { set: { state: 'c\0\udc00', new: { in: [0] } } })])

      const [record] = await store.findRecords(aWalk())
      assert.deepEqual(record?.value, { ...value, state: 'c\0\udc00', new: { in: [0] } })
      assert.deepEqual([...(record?.content ?? [])], [1, 2, 3])
      assert.equal(record?.version, 2)
      await assert.rejects(store.writeRecords([aPut('b', { unique: ['u'] })]), {
        conflict: 'unique',
      })
      assert.equal(await store.expireRecords(noon, 10), 1)
    })

    it('raises numbers; what is missing or no number counts as 0', async () => {
      await using store = await open()
      await store.writeRecords([aPut('a', { value: { tries: 2.5, name: 'x', big: 2 ** 60 } })])

      await store.writeRecords([
        aPatch('a', { add: { tries: 1, name: 2, missing: -3, big: 2 ** 50 } }),
        aPatch('a', { set: { tries: 7 }, add: { tries: 1, constructor: 1 } }),
      ])

      const value = { tries: 8, name: 2, missing: -3, big: 2 ** 60 + 2 ** 50, constructor: 1 }
      assert.deepEqual((await one(store, 'a'))?.value, value)
    })

    it('leaves a record that is not there so, and a value that is no object', async () => {
      await using store = await open()
      const values = [null, 0, 'text', [{}], false]
      await store.writeRecords(values.map((value, index) => aPut(`${index}`, { value })))

      const ids = [...values.keys()].map(String)
      await store.writeRecords(['none', ...ids].map((id) => aPatch(id, { set: { a: 1 } })))

      const records = await store.records('c/things', ['none', ...ids])
      assert.deepEqual(
        records.map((record) => record?.value),
        [undefined, ...values],
      )
    })

    it('takes its turn among the writes of its record', async () => {
      await using store = await open()

      await store.writeRecords([
        aPatch('a', { set: { early: true } }),
        aPut('a', { value: { n: 1 } }),
        aPut('b', { value: { n: 1 } }),
        aPatch('a', { add: { n: 1 } }),
        aPatch('b', { add: { n: 1 } }),
        aPut('b', { value: { n: 5 }, expects: 2 }),
        aPatch('a', { add: { n: 1 } }),
        aRemoval('c'),
        aPatch('b', { add: { n: 1 } }),
        aPut('d', { value: {} }),
        aPatch('d', { set: { late: true } }),
        aRemoval('d', { expects: 2 }),
        aPatch('d', { set: { late: true } }),
      ])

      const records = await store.records('c/things', ['a', 'b', 'd'])
      const [a, b, d] = records.map((record) => record && [record.version, record.value])
      assert.deepEqual([a, b, d], [[3, { n: 3 }], [4, { n: 6 }], undefined])
    })

    it('is undone with what it was written with', async () => {
      await using store = await open()
      await store.writeRecords([aPutUnder('a', 'n'), aPut('b', { value: { n: 1 } })])
      const row = anAuditRow()
      await store.audit([row])
      const patches = [aPatch('b', { add: { n: 1 } }), aPatch('a', { set: { n: 1 } })]

      const conflict = store.writeRecords([...patches, aPut('a', { expects: 'absent' })])
      const refused = store.enqueue([], undefined, { records: patches, audit: [row] })

      await assert.rejects(conflict, { code: 'RECORD_CONFLICT', id: 'a', conflict: 'exists' })
      await assert.rejects(refused, { code: 'USAGE' })
      assert.deepEqual((await one(store, 'b'))?.value, { n: 1 })
      assert.equal((await one(store, 'b'))?.version, 1)
    })

    it('counts for each of many callers at once', async () => {
      await using store = await open()
      await store.writeRecords([aPut('a', { value: { n: 0 } })])

      await Promise.all(
        Array.from({ length: 50 }, () => store.writeRecords([aPatch('a', { add: { n: 1 } })])),
      )

      assert.deepEqual((await one(store, 'a'))?.value, { n: 50 })
      assert.equal((await one(store, 'a'))?.version, 51)
    })

    it('is nothing of what the caller goes on using', async () => {
      await using store = await open()
      await store.writeRecords([aPut('a', { value: {} })])
      const list = [1]

      const written = store.writeRecords([aPatch('a', { set: { list } })])
      list.push(2)
      await written

      assert.deepEqual((await one(store, 'a'))?.value, { list: [1] })
    })

    it('is refused for what cannot be kept', async () => {
      await using store = await open()
      const refused = [
        aPatch(''),
        aPatch('a', { collection: '\0' }),
        aPatch('a', { set: { 'a\0': 1 } }),
        aPatch('a', { set: { '\ud800': 1 } }),
        aPatch('a', { add: { '': 1 } }),
        aPatch('a', { add: { n: 0.5 } }),
        aPatch('a', { add: { n: Number.NaN } }),
        aPatch('a', { add: { n: 2 ** 53 } }),
      ]

      for (const write of refused) {
        await assert.rejects(store.writeRecords([aPut('first'), write]), { code: 'USAGE' })
      }

      assert.equal(await one(store, 'first'), undefined)
    })
  })
}

async function one(store: Store, id: string): Promise<StoredRecord | undefined> {
  const [record] = await store.records('c/things', [id])
  return record
}
