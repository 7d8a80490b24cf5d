import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FoundRecord, RecordLookup, RecordPlace, RecordQuery } from '../records.ts'
import type { Store } from '../store.ts'
import { aPut, aPutUnder, aRemoval, aWalk } from './makers.ts'

export function testRecordWalk(open: () => Promise<Store>): void {
  describe('findRecords', () => {
    it('walks along an index, both ways, by the bytes of UTF-8', async () => {
      await using store = await open()
      const entries = [
        '',
        'A',
        'a',
        'a b',
        'ab',
        'ä',
        '\u{e000}',
        '\u{ff5e}',
        '\u{1fa9d}',
        '\u{10fffe}',
      ]
      await store.writeRecords(
        entries.toReversed().map((entry, index) => aPutUnder(`${index}`, entry)),
      )

      const up = await store.findRecords(aWalk())
      const down = await store.findRecords(aWalk({ order: 'descending' }))

      assert.deepEqual(entriesOf(up), entries)
      assert.deepEqual(entriesOf(down), entries.toReversed())
    })

    it('lets records with the same entry follow each other by id', async () => {
      await using store = await open()
      const ids = ['B', 'a', 'b', '\u{ff5e}', '\u{1fa9d}']
      await store.writeRecords(ids.toReversed().map((id) => aPutUnder(id, 'n')))

      assert.deepEqual(idsOf(await store.findRecords(aWalk())), ids)
      const down = await store.findRecords(aWalk({ order: 'descending' }))
      assert.deepEqual(idsOf(down), ids.toReversed())
    })

    it('gives a record once for each of its entries', async () => {
      await using store = await open()
      await store.writeRecords([
        aPut('a', { value: 'A', entries: { name: ['m', 'o', 'm'], other: ['x'] } }),
        aPut('b', { value: 'B', entries: { name: ['n'] } }),
        aPut('c', { collection: 'c/other', entries: { name: ['n'] } }),
      ])

      const found = await store.findRecords(aWalk())

      assert.deepEqual(
        found.map(({ entry, id, value }) => [entry, id, value]),
        [
          ['m', 'a', 'A'],
          ['n', 'b', 'B'],
          ['o', 'a', 'A'],
        ],
      )
      assert.deepEqual(idsOf(await store.findRecords(aWalk({ index: 'other' }))), ['a'])
      assert.deepEqual(await store.findRecords(aWalk({ index: 'none' })), [])
      assert.deepEqual(await store.findRecords(aWalk({ collection: 'c/none' })), [])
    })

    it('finds a record under its last entries alone', async () => {
      await using store = await open()
      await store.writeRecords([aPut('a', { entries: { name: ['m', 'n'], other: ['x'] } })])

      await store.writeRecords([aPut('a', { entries: { name: ['n', 'o'] } })])
      assert.deepEqual(entriesOf(await store.findRecords(aWalk())), ['n', 'o'])
      assert.deepEqual(await store.findRecords(aWalk({ index: 'other' })), [])

      await store.writeRecords([aPut('a')])
      assert.deepEqual(await store.findRecords(aWalk()), [])
    })

    it('keeps to a prefix and to bounds', async () => {
      await using store = await open()
      const entries = ['a', 'b', 'b\u{1}', 'b\u{ff5e}', 'b\u{10fffe}\u{10fffe}', 'ba', 'c', 'B']
      await store.writeRecords(entries.map((entry) => aPutUnder(`id ${entry}`, entry)))
      const found = async (query: Partial<RecordQuery>): Promise<string[]> =>
        entriesOf(await store.findRecords(aWalk(query)))
      const inOrder = ['b', 'b\u{1}', 'ba', 'b\u{ff5e}', 'b\u{10fffe}\u{10fffe}']

      assert.deepEqual(await found({ prefix: 'b' }), inOrder)
      assert.deepEqual(await found({ prefix: 'b', order: 'descending' }), inOrder.toReversed())
      assert.deepEqual(await found({ from: 'b', to: 'ba' }), ['b', 'b\u{1}'])
      assert.deepEqual(await found({ prefix: 'b', from: 'b\u{1}', to: 'c' }), inOrder.slice(1))
      assert.deepEqual(await found({ prefix: 'b', from: 'B', to: 'b\u{1}' }), ['b'])
      assert.deepEqual(await found({ from: 'ba', to: 'ba' }), [])
      assert.deepEqual(await found({ from: 'c', to: 'a' }), [])
      assert.deepEqual(await found({ prefix: 'bb' }), [])
    })

    for (const order of ['ascending', 'descending'] as const) {
      it(`shows nothing twice and leaves out nothing old, whatever is written between pages, ${order}`, async () => {
        await using store = await open()
        const old = Array.from({ length: 60 }, (_, index) => aPutUnder(`${index}`, `${index % 7}`))
        await store.writeRecords(old)
        const seen: FoundRecord[] = []

        for (let after: RecordPlace | undefined; ; after = seen.at(-1)) {
          const query = aWalk({ order, limit: 8, from: '0', to: '7', ...(after && { after }) })
          const page = await store.findRecords(query)
          if (page.length === 0) break
          seen.push(...page)
          const between = `${after?.entry ?? ''}x${seen.length}`
          await store.writeRecords([
            aPutUnder(`new ${seen.length}`, '0', '3', '6', between),
            ...(after === undefined ? [] : [aRemoval(after.id)]),
          ])
        }

        const places = seen.map(({ entry, id }) => `${entry} ${id}`)
        assert.equal(new Set(places).size, places.length)
        const shown = new Set(idsOf(seen))
        assert.deepEqual(
          old.filter(({ id }) => !shown.has(id)),
          [],
        )
      })
    }

    it('refuses a limit out of range, and places that no entry has', async () => {
      await using store = await open()
      const after = { entry: 'a', id: '\ud800' }
      const refused: Partial<RecordQuery>[] = [
        ...[0, 1001, 1.5, Number.NaN].map((limit) => ({ limit })),
        ...[{ prefix: '\0' }, { from: '\ud800' }, { to: 'a\0' }, { after }],
      ]

      for (const query of refused) {
        await assert.rejects(store.findRecords(aWalk(query)), { code: 'USAGE' })
      }
    })

    it('gives a thousand at once, and not one more', async () => {
      await using store = await open()
      const ids = Array.from({ length: 1003 }, (_, index) => `${10_000 + index}`)
      await store.writeRecords(ids.map((id) => aPutUnder(id, 'n')))

      assert.deepEqual(idsOf(await store.findRecords(aWalk())), ids.slice(0, 1000))
      assert.deepEqual(idsOf(await store.lookUpRecords(aLookup(['n']))), ids.slice(0, 1000))
      assert.equal((await store.records('c/things', ids.slice(3))).length, 1000)
    })
  })

  describe('lookUpRecords', () => {
    it('finds each record once, by id, under any of the entries', async () => {
      await using store = await open()
      await store.writeRecords([
        aPutUnder('d', 'x'),
        aPutUnder('a', 'x', 'y'),
        aPutUnder('\u{1fa9d}', 'y'),
        aPutUnder('\u{ff5e}', 'y', 'z'),
        aPutUnder('none', 'xy', 'w'),
        aPut('other', { entries: { other: ['x'] } }),
      ])
      const ids = ['a', 'd', '\u{ff5e}', '\u{1fa9d}']

      const found = await store.lookUpRecords(aLookup(['y', 'z', 'x', 'x', 'not there']))

      assert.deepEqual(idsOf(found), ids)
      assert.deepEqual(found[0], (await store.records('c/things', ['a']))[0])
    })

    it('goes on after an id, so many at a time', async () => {
      await using store = await open()
      await store.writeRecords([
        ...['a', 'c', 'e', 'g'].map((id) => aPutUnder(id, 'x')),
        ...['b', 'd', 'f'].map((id) => aPutUnder(id, 'y')),
        ...['h', 'i'].map((id) => aPutUnder(id, 'x', 'y')),
      ])
      const pages: string[][] = []

      for (let after: string | undefined; ; after = pages.at(-1)?.at(-1)) {
        const lookup = aLookup(['x', 'y'], { limit: 3, ...(after && { after }) })
        const ids = idsOf(await store.lookUpRecords(lookup))
        if (ids.length === 0) break
        pages.push(ids)
      }

      const expected = [
        ['a', 'b', 'c'],
        ['d', 'e', 'f'],
        ['g', 'h', 'i'],
      ]
      assert.deepEqual(pages, expected)
    })

    it('finds nothing under what cannot be an entry, and refuses a limit out of range', async () => {
      await using store = await open()
      await store.writeRecords([aPutUnder('a', '\u{fffd}')])

      assert.deepEqual(await store.lookUpRecords(aLookup([])), [])
      const odd = ['\ud800', '\0', '\u{10ffff}', 'x'.repeat(5000)]
      assert.deepEqual(await store.lookUpRecords(aLookup(odd)), [])
      for (const limit of [0, 1001, 0.5]) {
        await assert.rejects(store.lookUpRecords(aLookup(['n'], { limit })), { code: 'USAGE' })
      }
    })
  })
}

function aLookup(entries: readonly string[], fields: Partial<RecordLookup> = {}): RecordLookup {
  return { collection: 'c/things', index: 'name', entries, limit: 1000, ...fields }
}

function idsOf(records: readonly { readonly id: string }[]): string[] {
  return records.map(({ id }) => id)
}

function entriesOf(records: readonly FoundRecord[]): string[] {
  return records.map(({ entry }) => entry)
}
