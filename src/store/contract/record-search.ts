import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RecordListQuery } from '../record-list.ts'
import type { Store } from '../store.ts'
import { aList, aListed, listed } from './list-makers.ts'
import { noon } from './makers.ts'

export function testRecordSearch(open: () => Promise<Store>): void {
  describe('a search in a list', () => {
    for (const { text, found } of [
      { text: 'order-1', found: ['one', 'ten'] },
      { text: 'ORDER-10', found: ['ten'] },
      { text: '0', found: ['hundred', 'ten'] },
      { text: 'r-', found: ['one', 'ten'] },
      { text: '%', found: ['hundred'] },
      { text: '_', found: ['hundred', 'under'] },
      { text: '0%_', found: ['hundred'] },
      { text: 'R%1', found: [] },
      { text: 'straße', found: ['street'] },
      { text: 'STRASSE', found: ['street'] },
      { text: 'δος', found: ['road'] },
      { text: 'ΔΟΣ', found: ['road'] },
      { text: '🪝', found: ['hook'] },
      { text: '\u{1fa9d}b', found: ['hook'] },
      { text: "'", found: ['quoted'] },
      { text: '" OR "', found: ['quoted'] },
      { text: 'NOT', found: [] },
      { text: 'x'.repeat(600), found: [] },
    ]) {
      it(`finds ${found.length} by ${JSON.stringify(text.slice(0, 20))}`, async () => {
        await using store = await open()
        await store.writeRecords([
          aListed('one', {}, {}, 'order-1'),
          aListed('ten', {}, {}, 'Order-10'),
          aListed('hundred', {}, {}, '100%_'),
          aListed('under', {}, {}, 'a_b'),
          aListed('street', {}, {}, 'Straße'),
          aListed('road', {}, {}, 'ΟΔΟΣ α'),
          aListed('hook', {}, {}, 'a🪝B'),
          aListed('quoted', {}, {}, `it's " OR "`),
          aListed('empty', {}, {}, ''),
          aListed('none', {}, {}, null),
          { ...aListed('other', {}, {}, text), collection: 'c/other' },
        ])

        const answer = await listed(store, { text })

        assert.deepEqual(answer.ids.toSorted(), found)
        assert.equal(answer.total, answer.ids.length)
      })
    }

    it('goes with facets, ranges, orders and pages', async () => {
      await using store = await open()
      await store.writeRecords(
        Array.from({ length: 40 }, (_, index) =>
          aListed(
            `${index}`,
            { made: index, seen: -index },
            { kind: index % 2 === 0 ? 'even' : 'odd' },
            `order-${index}`,
          ),
        ),
      )

      const answer = await listed(store, {
        text: 'R-1',
        facets: { kind: 'even' },
        range: { time: 'seen', from: noon - 17, to: noon - 11 },
        order: { by: 'made', direction: 'descending' },
        offset: 1,
        limit: 1,
      })
      const byKind = await listed(store, {
        text: '-1',
        order: { by: 'kind', thenBy: 'seen', direction: 'descending' },
        limit: 3,
      })

      assert.deepEqual(answer, { ids: ['14'], total: 3 })
      assert.deepEqual(byKind, { ids: ['1', '11', '13'], total: 11 })
    })

    it('finds what lies far from where the order begins, or in few of the lists', async () => {
      await using store = await open()
      const ids = Array.from({ length: 3_000 }, (_, index) => index)
      await store.writeRecords(
        ids.map((index) =>
          aListed(
            `${index}`,
            { made: index, seen: index - (index % 7) },
            { kind: index % 50 === 0 ? 'rare' : 'usual' },
            `order-${index < 300 ? 'old' : index < 2_700 ? 'x' : 'new'}`,
          ),
        ),
      )
      const newest = { by: 'made', direction: 'descending' } as const
      const counted = { limit: 2, countTo: 20 }

      for (const [fields, answer] of [
        [
          { text: 'ol', order: newest },
          { ids: ['299', '298'], total: 20 },
        ],
        [
          { text: '-old', order: newest, offset: 299 },
          { ids: ['0'], total: 20 },
        ],
        [{ text: 'w' }, { ids: ['2700', '2701'], total: 20 }],
        [
          { text: 'ew', facets: { kind: 'rare' } },
          { ids: ['2700', '2750'], total: 6 },
        ],
        [
          { text: 'd', facets: { kind: 'rare' }, order: newest },
          { ids: ['2950', '2900'], total: 20 },
        ],
        [
          { text: 'old', facets: { kind: 'rare' }, order: newest },
          { ids: ['250', '200'], total: 6 },
        ],
        [
          { text: 'l', range: { time: 'seen', to: noon + 13 }, order: newest },
          { ids: ['13', '12'], total: 14 },
        ],
        [
          { text: 'l', range: { time: 'seen', from: noon + 300 } },
          { ids: [], total: 0 },
        ],
      ] as const) {
        assert.deepEqual(await listed(store, { ...counted, ...fields }), answer, fields.text)
      }
    })

    it('keeps to the order of a facet where records have different times', async () => {
      await using store = await open()
      await store.writeRecords([
        aListed('b-1', { made: 1, seen: 1 }, { kind: 'b' }, 'text'),
        aListed('b-2', { made: 2, seen: 1 }, { kind: 'b' }, 'text'),
      ])
      await store.writeRecords([
        aListed('a-5', { made: 5 }, { kind: 'a' }, 'text'),
        aListed('a-6', { made: 6 }, { kind: 'a' }, 'text'),
      ])

      const answer = await listed(store, {
        text: 'text',
        order: { by: 'kind', thenBy: 'made', direction: 'ascending' },
        limit: 2,
      })

      assert.deepEqual(answer, { ids: ['a-5', 'a-6'], total: 4 })
    })

    it('counts no more than it is to, and says so', async () => {
      await using store = await open()
      const ids = ['a', 'b', 'c', 'd', 'e']
      await store.writeRecords(
        ids.map((id, index) => aListed(id, { made: index }, { kind: 'x' }, `order-${index}`)),
      )
      const counted = async (fields: Partial<RecordListQuery>): Promise<unknown> => {
        const { records, ...total } = await store.listRecords(aList({ limit: 2, ...fields }))
        return { ids: records.map(({ id }) => id), ...total }
      }

      const exact = { ids: ['a', 'b'], total: 5, totalIsExact: true }
      const bounded = { total: 4, totalIsExact: false }
      assert.deepEqual(await counted({ text: 'order', countTo: 5 }), exact)
      assert.deepEqual(await counted({ text: 'order', countTo: 4 }), { ...exact, ...bounded })
      const last = { ids: ['e'], ...bounded }
      assert.deepEqual(await counted({ text: 'order', countTo: 4, offset: 4 }), last)
      assert.deepEqual(await counted({ countTo: 4 }), exact)
      for (const countTo of [0, -1, 1.5, Number.NaN, Infinity]) {
        await assert.rejects(counted({ text: 'order', countTo }), { code: 'USAGE' })
      }
    })
  })
}
