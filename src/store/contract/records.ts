import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { StoredRecord } from '../records.ts'
import type { Store } from '../store.ts'
import { aPut, aPutUnder, aRemoval, aWalk, noon } from './makers.ts'

export function testRecords(open: () => Promise<Store>): void {
  describe('records', () => {
    it('are kept as they were given, to the byte', async () => {
      await using store = await open()
      const value = { text: 'a\0b \ud800 🪝', list: [1, 1.5, null], nested: { ['__proto__']: 1 } }
      const content = Uint8Array.from({ length: 512 }, (_, index) => index % 256)

      await store.writeRecords([aPut('a', { value, content })])

      const record = await one(store, 'a')
      assert.deepEqual(
        { ...record, content: [...(record?.content ?? [])] },
        {
          collection: 'c/things',
          id: 'a',
          version: 1,
          value: JSON.parse(JSON.stringify(value)),
          content: [...content],
          erasedAt: null,
        },
      )
    })

    it('may be any JSON, with no content or with content of no bytes', async () => {
      await using store = await open()
      const values = [null, 0, '', 'text', [], false]
      await store.writeRecords(values.map((value, index) => aPut(`${index}`, { value })))
      await store.writeRecords([aPut('empty', { content: new Uint8Array() })])

      const records = await store.records('c/things', [...values.keys()].map(String))

      assert.deepEqual(
        records.map((record) => record?.value),
        values,
      )
      assert.ok(records.every((record) => record?.content === null))
      assert.equal((await one(store, 'empty'))?.content?.byteLength, 0)
    })

    it('are nothing of what the caller goes on using', async () => {
      await using store = await open()
      const value = { list: [1] }
      const content = Uint8Array.of(1, 2, 3)
      const entries = { name: ['n'] }

      const written = store.writeRecords([aPut('a', { value, content, entries })])
      value.list.push(2)
      content[0] = 9
      entries.name.push('m')
      await written

      const record = await one(store, 'a')
      assert.deepEqual(record?.value, { list: [1] })
      assert.deepEqual([...(record?.content ?? [])], [1, 2, 3])
      assert.equal((await store.findRecords(aWalk())).length, 1)
    })

    it('are read in the order of the ids, each collection apart', async () => {
      await using store = await open()
      await store.writeRecords([aPut('a'), aPut('b'), aPut('a', { collection: 'c/other' })])

      const records = await store.records('c/things', ['b', 'none', 'a', 'b', ''])

      const ids = records.map((record) => record?.id)
      assert.deepEqual(ids, ['b', undefined, 'a', 'b', undefined])
      assert.ok(records.every((record) => (record?.collection ?? 'c/things') === 'c/things'))
      await assert.rejects(store.records('c/things', Array(1001).fill('a')), { code: 'USAGE' })
    })

    it('have a version, one more with each write', async () => {
      await using store = await open()
      await store.writeRecords([aPut('a'), aPut('b'), aPut('a')])
      await store.writeRecords([aPut('a', { expects: 2, value: 3 })])

      assert.deepEqual([(await one(store, 'a'))?.version, (await one(store, 'a'))?.value], [3, 3])

      await store.writeRecords([aRemoval('a', { expects: 3 }), aPut('a')])
      assert.equal((await one(store, 'a'))?.version, 1)
    })

    it('are removed, whether they are there or not', async () => {
      await using store = await open()
      await store.writeRecords([aPutUnder('a', 'n')])

      await store.writeRecords([aRemoval('a'), aRemoval('none')])

      assert.equal(await one(store, 'a'), undefined)
      assert.deepEqual(await store.findRecords(aWalk()), [])
    })
  })

  describe('a write of records', () => {
    for (const { what, write, conflict } of [
      { what: 'new', write: aPut('a', { expects: 'absent' }), conflict: 'exists' },
      { what: 'another version', write: aPut('a', { expects: 2 }), conflict: 'version' },
      { what: 'there', write: aPut('none', { expects: 1 }), conflict: 'version' },
      { what: 'removed as it was', write: aRemoval('a', { expects: 2 }), conflict: 'version' },
      { what: 'there to be removed', write: aRemoval('no', { expects: 1 }), conflict: 'version' },
      { what: 'alone with its text', write: aPut('b', { unique: ['x', 'u'] }), conflict: 'unique' },
    ] as const) {
      it(`is refused as a whole when one is not ${what}`, async () => {
        await using store = await open()
        await store.writeRecords([aPut('a', { unique: ['u'], entries: { name: ['n'] } })])

        const written = store.writeRecords([
          aPut('lost', { unique: ['v'] }),
          aPut('a', { unique: ['u', 'w'], entries: { name: ['m'] } }),
          aRemoval('lost'),
          aPut('a', { unique: ['u'] }),
          aRemoval('a'),
          aPut('a', { unique: ['u'], expects: 'absent' }),
          write,
        ])

        const { collection, id } = write
        await assert.rejects(written, { code: 'RECORD_CONFLICT', collection, id, conflict })
        const [record, ...others] = await store.findRecords(aWalk())
        assert.deepEqual([record?.entry, record?.version, others], ['n', 1, []])
        assert.equal(await one(store, 'lost'), undefined)
        await store.writeRecords([aPut('free', { unique: ['v', 'w'] })])
        await assert.rejects(store.writeRecords([aPut('b', { unique: ['u'] })]), {
          conflict: 'unique',
        })
      })
    }

    it('may free a unique text and take it over', async () => {
      await using store = await open()
      await store.writeRecords([aPut('a', { unique: ['u', 'v'] })])

      await store.writeRecords([aPut('a', { unique: ['v'] }), aPut('b', { unique: ['u'] })])
      await store.writeRecords([aRemoval('a'), aPut('c', { unique: ['v', 'v'] })])

      const again = aPut('d', { unique: ['v'] })
      await assert.rejects(store.writeRecords([again, aRemoval('c')]), { conflict: 'unique' })
      await store.writeRecords([aPut('c', { unique: ['v'] })])
      await store.writeRecords([aPut('e', { collection: 'c/other', unique: ['v'] })])
    })

    it('may keep long texts apart', async () => {
      await using store = await open()
      const long = (end: string): string => `${'é🪝'.repeat(1300)}${end}`
      const entry = 'é'.repeat(768)
      await store.writeRecords([
        aPut('a', { unique: [long('a')], entries: { name: [entry] } }),
        aPut('b', { unique: [long('b')], entries: { name: [entry] } }),
      ])

      const taken = store.writeRecords([aPut('c', { unique: [long('a')] })])

      await assert.rejects(taken, { conflict: 'unique' })
      assert.equal((await store.findRecords(aWalk({ prefix: entry }))).length, 2)
    })

    it('is refused for what cannot be kept', async () => {
      await using store = await open()
      const refused = [
        aPut(''),
        aPut('x'.repeat(256)),
        aPut('é'.repeat(128)),
        aPut('a\0'),
        aPut('\ud800'),
        aPut('a', { collection: '' }),
        aPut('a', { value: undefined }),
        aPut('a', { unique: [''] }),
        aPut('a', { unique: ['x'.repeat(8193)] }),
        aPut('a', { entries: { '': ['n'] } }),
        aPut('a', { tenant: '\udc00' }),
        aPutUnder('a', '\0'),
        aPutUnder('a', '\ud800'),
        aPutUnder('a', '\u{10ffff}'),
        aPutUnder('a', 'x'.repeat(1537)),
        aRemoval('a\0'),
      ]

      for (const write of refused) {
        await assert.rejects(store.writeRecords([aPut('first'), write]), { code: 'USAGE' })
      }

      assert.equal(await one(store, 'first'), undefined)
      assert.deepEqual(await store.records('c/things', ['a\0', '\ud800']), [undefined, undefined])
    })
  })

  describe('expireRecords', () => {
    it('removes what has had its time, the oldest first, so many at once', async () => {
      await using store = await open()
      const times = [3, 1, 4, 2, 5, 1.5]
      await store.writeRecords([
        ...times.map((at) => aPut(`${at}`, { expiresAt: noon + at, unique: [`${at}`] })),
        aPutUnder('stays', 'n'),
      ])

      assert.equal(await store.expireRecords(noon + 4, 2), 2)
      assert.deepEqual(await left(store), ['2', '3', '4', '5', 'stays'])
      assert.equal(await store.expireRecords(noon + 4, 5), 3)
      assert.equal(await store.expireRecords(noon + 4, 5), 0)

      assert.deepEqual(await left(store), ['5', 'stays'])
      await store.writeRecords([aPut('new', { unique: ['1'] })])
    })

    it('goes by the last write', async () => {
      await using store = await open()
      await store.writeRecords([
        aPut('a', { expiresAt: noon }),
        aPut('b', { expiresAt: noon + 9 }),
        aPut('c', { expiresAt: noon }),
      ])
      await store.writeRecords([
        aPut('a', { expiresAt: noon + 9 }),
        aPut('b', { expiresAt: noon }),
        aPut('c'),
      ])

      assert.equal(await store.expireRecords(noon, 100), 1)

      assert.deepEqual(await left(store), ['a', 'c'])
    })

    it('removes more than fit one batch', async () => {
      await using store = await open()
      const ids = Array.from({ length: 1201 }, (_, index) => `${index}`)
      await store.writeRecords(ids.map((id) => aPut(id, { expiresAt: noon, unique: [id] })))

      assert.equal(await store.expireRecords(noon, 2000), 1201)
    })
  })
}

async function one(store: Store, id: string): Promise<StoredRecord | undefined> {
  const [record] = await store.records('c/things', [id])
  return record
}

async function left(store: Store): Promise<string[]> {
  const ids = ['1', '1.5', '2', '3', '4', '5', 'a', 'b', 'c', 'stays']
  const records = await store.records('c/things', ids)
  return records.flatMap((record) => record?.id ?? [])
}
