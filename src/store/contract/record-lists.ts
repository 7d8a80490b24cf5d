import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ListedRecord, RecordListQuery } from '../record-list.ts'
import type { Store } from '../store.ts'
import { aList, aListed, listed } from './list-makers.ts'
import { aPatch, aPut, aRemoval, noon } from './makers.ts'

export function testRecordLists(open: () => Promise<Store>): void {
  describe('listRecords', () => {
    it('gives pages in the order of a time, both ways, and how many there are on all', async () => {
      await using store = await open()
      await store.writeRecords([
        aListed('a', { made: 3 }),
        aListed('b', { made: 1 }),
        aListed('c', { made: 2.5 }),
        aPut('unlisted'),
        { ...aListed('d', { made: 0 }), collection: 'c/other' },
      ])

      assert.deepEqual(await listed(store), { ids: ['b', 'c', 'a'], total: 3 })
      const down = { order: { by: 'made', direction: 'descending' }, limit: 2 } as const
      assert.deepEqual(await listed(store, down), { ids: ['a', 'c'], total: 3 })
      assert.deepEqual(await listed(store, { ...down, offset: 2 }), { ids: ['b'], total: 3 })
      assert.deepEqual(await listed(store, { ...down, offset: 3 }), { ids: [], total: 3 })
      assert.deepEqual(await listed(store, { collection: 'c/none' }), { ids: [], total: 0 })
    })

    it('lets records of one moment follow each other by the bytes of their ids', async () => {
      await using store = await open()
      const ids = ['B', 'a', 'b', '\u{ff5e}', '\u{1fa9d}']
      await store.writeRecords(ids.toReversed().map((id) => aListed(id)))

      assert.deepEqual((await listed(store)).ids, ids)
      const down = { order: { by: 'made', direction: 'descending' } } as const
      assert.deepEqual((await listed(store, down)).ids, ids.toReversed())
    })

    it('filters by any facets together, and sorts by one, and by a time among equals', async () => {
      await using store = await open()
      await store.writeRecords([
        aListed('a', { made: 1, seen: 9 }, { kind: 'x', state: 'new' }),
        aListed('b', { made: 2, seen: 8 }, { kind: 'y', state: 'done' }),
        aListed('c', { made: 3, seen: 7 }, { kind: 'x', state: 'done' }),
        aListed('d', { made: 4, seen: 6 }, { kind: 'X', state: 'done' }),
      ])

      const done = { facets: { state: 'done' } }
      assert.deepEqual(await listed(store, done), { ids: ['b', 'c', 'd'], total: 3 })
      const both = { facets: { state: 'done', kind: 'x' } }
      assert.deepEqual(await listed(store, both), { ids: ['c'], total: 1 })
      const byKind = { order: { by: 'kind', direction: 'ascending' } } as const
      assert.deepEqual((await listed(store, byKind)).ids, ['d', 'a', 'c', 'b'])
      const bySeen = { order: { by: 'kind', thenBy: 'seen', direction: 'ascending' } } as const
      assert.deepEqual((await listed(store, bySeen)).ids, ['d', 'c', 'a', 'b'])
      const down = { ...done, order: { by: 'kind', direction: 'descending' }, offset: 1 } as const
      assert.deepEqual(await listed(store, down), { ids: ['c', 'd'], total: 3 })
    })

    it('ranges over any time, both ends included', async () => {
      await using store = await open()
      const ids = ['a', 'b', 'c', 'd']
      await store.writeRecords(
        ids.map((id, index) => aListed(id, { made: index, seen: (index * 2) % 5 })),
      )

      const over = async (range: RecordListQuery['range']): Promise<unknown> =>
        (await listed(store, range && { range })).ids
      assert.deepEqual(await over({ time: 'made', from: noon + 1, to: noon + 2 }), ['b', 'c'])
      assert.deepEqual(await over({ time: 'made', from: noon + 2.5 }), ['d'])
      assert.deepEqual(await over({ time: 'seen', to: noon + 1 }), ['a', 'd'])
      assert.deepEqual(await over({ time: 'seen', from: noon + 2, to: noon + 1 }), [])
      assert.deepEqual(await over({ time: 'seen' }), ids)
    })

    it('leaves out what has not the time or the facet that is asked for', async () => {
      await using store = await open()
      await store.writeRecords([
        aListed('a', { made: 1, seen: 1 }, { kind: 'x' }),
        aListed('b', { made: 2 }, { kind: 'x', state: 'new' }),
      ])

      const by = async (name: string): Promise<unknown> =>
        (await listed(store, { order: { by: name, direction: 'ascending' } })).ids
      assert.deepEqual(await by('made'), ['a', 'b'])
      assert.deepEqual(await by('seen'), ['a'])
      assert.deepEqual(await by('state'), ['b'])
      assert.deepEqual(await by('none'), [])
      assert.deepEqual((await listed(store, { facets: { none: '' } })).ids, [])
    })

    it('brings the records as they are, without their content where it is not wanted', async () => {
      await using store = await open()
      const put = { ...aListed('a'), value: { n: 1 }, content: Buffer.from('bytes') }
      await store.writeRecords([put, put])

      const { records } = await store.listRecords(aList())
      const [bare] = (await store.listRecords(aList({ content: false }))).records

      const [whole] = await store.records('c/things', ['a'])
      assert.deepEqual(records, [whole])
      assert.deepEqual(bare, { ...whole, content: null })
    })

    it('refuses pages that are none', async () => {
      await using store = await open()
      const refused = [{ limit: 0 }, { limit: 1001 }, { offset: -1 }, { offset: 0.5 }]

      for (const fields of refused) {
        await assert.rejects(store.listRecords(aList(fields)), { code: 'USAGE' })
      }
    })
  })

  describe('a list', () => {
    it('follows what is written, moved, removed and expired', async () => {
      await using store = await open()
      await store.writeRecords([
        aListed('a', { made: 1 }, { kind: 'x' }, 'first'),
        { ...aListed('b', { made: 2 }, { kind: 'x' }, 'second'), expiresAt: noon },
      ])
      const ofKind = async (kind: string): Promise<unknown> =>
        (await listed(store, { facets: { kind } })).ids

      await store.writeRecords([
        aPatch('a', { facets: { kind: 'y' } }),
        aPatch('none', { facets: { kind: 'y' } }),
      ])
      assert.deepEqual([await ofKind('x'), await ofKind('y')], [['b'], ['a']])

      await store.writeRecords([aListed('a', { made: 5 }, { kind: 'z' }, 'third')])
      assert.deepEqual([await ofKind('y'), await ofKind('z')], [[], ['a']])
      assert.deepEqual((await listed(store, { text: 'first' })).ids, [])
      assert.deepEqual(await listed(store, { text: 'ir' }), { ids: ['a'], total: 1 })

      await store.expireRecords(noon, 10)
      assert.deepEqual(await listed(store), { ids: ['a'], total: 1 })

      await store.writeRecords([aPut('a')])
      assert.deepEqual(await listed(store), { ids: [], total: 0 })
      await store.writeRecords([aListed('a'), aRemoval('a')])
      assert.deepEqual(await listed(store), { ids: [], total: 0 })
      assert.deepEqual(await listed(store, { text: 'third' }), { ids: [], total: 0 })
    })

    it('is right where records are written more than once at once', async () => {
      await using store = await open()
      await store.writeRecords([
        aListed('a', { made: 1 }, { kind: 'x' }),
        aPatch('a', { facets: { kind: 'y' } }),
        aListed('a', { made: 2 }, { kind: 'x' }),
        aListed('b', { made: 1 }, { kind: 'x' }),
        aPatch('b', { facets: { kind: 'y' } }),
        aPatch('b', { facets: { kind: 'x' } }),
        aPatch('b', { facets: { kind: 'y', state: 'new' } }),
        aListed('c'),
        aRemoval('c'),
      ])

      assert.deepEqual(await listed(store), { ids: ['b', 'a'], total: 2 })
      assert.deepEqual(await listed(store, { facets: { kind: 'y' } }), { ids: ['b'], total: 1 })
      assert.deepEqual(await listed(store, { facets: { state: 'new' } }), { ids: ['b'], total: 1 })
    })

    it('knows nothing of writes that were refused', async () => {
      await using store = await open()
      await store.writeRecords([aListed('a', {}, { kind: 'x' })])

      const refused = store.writeRecords([
        aListed('b', {}, { kind: 'new' }, 'lost'),
        aPatch('a', { facets: { kind: 'y' } }),
        aRemoval('none', { expects: 1 }),
      ])
      const written = store.writeRecords([aListed('c', {}, { kind: 'y' })])
      await assert.rejects(refused, { code: 'RECORD_CONFLICT' })
      await written

      assert.deepEqual(await listed(store), { ids: ['a', 'c'], total: 2 })
      assert.deepEqual(await listed(store, { facets: { kind: 'y' } }), { ids: ['c'], total: 1 })
      assert.deepEqual(await listed(store, { facets: { kind: 'new' } }), { ids: [], total: 0 })
      assert.deepEqual(await listed(store, { text: 'lost' }), { ids: [], total: 0 })
    })

    it('takes what it can keep', async () => {
      await using store = await open()
      const five = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name) => [name, '']))
      const four = { a: noon, b: noon, c: noon, d: noon }
      const refused: ListedRecord[] = [
        { facets: five, times: { made: noon } },
        { facets: {}, times: {} },
        { facets: {}, times: four },
        { facets: {}, times: { made: Number.NaN } },
        { facets: {}, times: { '': noon } },
        { facets: { kind: 'x'.repeat(256) }, times: { made: noon } },
        { facets: { kind: '\0' }, times: { made: noon } },
        { facets: { '\ud800': 'x' }, times: { made: noon } },
      ]

      for (const each of refused) {
        await assert.rejects(store.writeRecords([aPut('a', { listed: each })]), { code: 'USAGE' })
      }
      await assert.rejects(store.writeRecords([aPatch('a', { facets: { kind: '\0' } })]), {
        code: 'USAGE',
      })
      await store.writeRecords([aListed('a', {}, {}, `\0\ud800${'é'.repeat(2000)}`)])
      assert.equal((await listed(store, { text: 'É'.repeat(510) })).total, 1)
    })
  })
}
