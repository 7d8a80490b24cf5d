import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { systemClock } from '../../src/clock.ts'
import { noon } from '../../src/store/contract/makers.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { RecordListQuery } from '../../src/store/record-list.ts'
import { ownListQuery } from '../../src/store/record-listing.ts'
import type { RecordPut, RecordWrite } from '../../src/store/records.ts'
import { openDatabase } from '../../src/store/sqlite/database.ts'
import { recordListPage } from '../../src/store/sqlite/record-list-page.ts'
import {
  type RecordListSearch,
  recordListSearch,
} from '../../src/store/sqlite/record-list-search.ts'
import { recordLists } from '../../src/store/sqlite/record-lists.ts'
import { RowSet } from '../../src/store/sqlite/row-set.ts'
import { searchPlan } from '../../src/store/sqlite/search-plan.ts'
import { emptySignature, mayContain, sign } from '../../src/store/sqlite/text-signature.ts'
import type { Store } from '../../src/store/store.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { answerOf, collection, expectedOf, type Modelled } from './record-list-model.ts'

/** Five zones, and some. */
const records = 11_000
const batch = 1_000
const interval = 1_000

const texts = [
  '1',
  'q',
  '-1',
  '-9',
  '-1q',
  'r-1',
  '-10',
  '-eu',
  'order',
  'r-10',
  'ord',
  'eu',
  '999',
  'old',
  'late',
  'no',
]

const at = fc.integer({ min: -10, max: records + 10 }).map((index) => noon + index * interval)

const query: fc.Arbitrary<RecordListQuery> = fc.record(
  {
    collection: fc.constant(collection),
    text: fc.constantFrom(...texts),
    facets: fc.oneof(
      fc.constant({ state: 'rare' }),
      fc.record(
        { state: fc.constantFrom('done', 'rare', 'few'), kind: fc.constantFrom('a', 'b') },
        { requiredKeys: [] },
      ),
    ),
    range: fc.record(
      { time: fc.constantFrom('made', 'seen', 'due'), from: at, to: at },
      { requiredKeys: ['time'] },
    ),
    countTo: fc.constantFrom(1, 10, 100, 1_000),
    order: fc.record({
      by: fc.constantFrom('made', 'made', 'seen', 'due', 'state'),
      thenBy: fc.constantFrom('made', 'due'),
      direction: fc.constantFrom('ascending', 'descending'),
    }),
    offset: fc.oneof(fc.constant(0), fc.nat(50), fc.nat(2_500)),
    limit: fc.constantFrom(1, 5, 20),
    content: fc.constant(false),
  },
  { requiredKeys: ['collection', 'text', 'order', 'offset', 'limit'] },
)

describe('a search among many records on SQLite', () => {
  const path = join(temporaryFolder(), 'store.db')
  let store: Store
  let model: Map<string, Modelled>

  before(async () => {
    store = await openStore(`sqlite:${path}`)
    model = new Map()
    const random = randomNumbers()
    for (let done = 0; done < records; done += batch) {
      await write(Array.from({ length: batch }, (_, index) => anEvent(done + index, random)))
    }
  })
  after(() => store[Symbol.asyncDispose]())

  async function write(writes: readonly RecordWrite[]): Promise<void> {
    await store.writeRecords(writes)
    for (const each of writes) remember(model, each)
  }

  async function findsTheSame(runs: number): Promise<void> {
    await fc.assert(
      fc.asyncProperty(query, async (asked) => {
        assert.deepEqual(await answerOf(store, asked), expectedOf(model, asked))
      }),
      { numRuns: runs },
    )
  }

  it('finds what looking at each would, wherever it stands', () => findsTheSame(150))

  it('finds it in lists that are rare', async () => {
    for (const text of ['-eu', '-1', '77', '-9', '-10', '7-']) {
      for (const direction of ['ascending', 'descending'] as const) {
        for (const countTo of [2, 10, 30, 1_000]) {
          const order = { by: 'made', direction }
          const facets = { state: 'rare' }
          const asked = { collection, text, facets, order, countTo, offset: 1, limit: 5 }
          assert.deepEqual(await answerOf(store, asked), expectedOf(model, asked))
        }
      }
    }
  })

  it('finds it when records have moved, changed their texts and times, and gone', async () => {
    const random = randomNumbers(3)
    const some = (count: number): string[] =>
      Array.from({ length: count }, () => idOf(Math.floor(random() * records)))
    const changed = (id: string, listed: Partial<NonNullable<RecordPut['listed']>>): RecordPut => {
      const stored = model.get(id)?.listed
      assert.ok(stored)
      return aPut(id, { ...stored, ...listed })
    }

    await write(
      some(300).map((id) => ({ kind: 'patch', collection, id, facets: { state: 'few' } })),
    )
    await write(some(30).map((id) => changed(id, { text: `old-${id} late` })))
    await write(some(10).map((id) => changed(id, { text: null })))
    await write(
      some(30).map((id) =>
        changed(id, { times: timesOf(Math.floor(random() * 2 * records), random) }),
      ),
    )
    await write(
      Array.from({ length: 4_000 }, (_, index) => ({
        kind: 'remove',
        collection,
        id: idOf(3_000 + index),
      })),
    )
    await write(Array.from({ length: 700 }, (_, index) => anEvent(records + index, random)))

    await findsTheSame(150)
  })

  it('finds no text that was erased, and forgets what was in its zone', async () => {
    const erased = [...model.values()].filter(({ listed }) => listed?.text?.includes('eu'))

    const erasure = await store.erase({ kind: 'tenant', tenant: 'gone' }, noon, 20_000)

    assert.equal(erasure.records, erased.length)
    for (const { id, listed } of erased) {
      model.set(id, { id, expiresAt: undefined, listed: listed && { ...listed, text: null } })
    }
    assert.equal(zones(path, 'signature IS NULL').length, zones(path).length)
    await findsTheSame(50)

    const random = randomNumbers()
    for (let next = 20_000; next < 23_000; next += 300) {
      await write(Array.from({ length: 300 }, (_, index) => anEvent(next + index, random)))
    }

    assert.ok(zones(path, 'signature IS NOT NULL').length >= 4, 'zones are read again')
    await findsTheSame(50)
  })

  it('keeps no zone in which there is nothing', async () => {
    const before = zones(path).length

    await write([...model.keys()].map((id) => ({ kind: 'remove', collection, id })))

    assert.ok(before > 4, `${before} zones`)
    assert.deepEqual(zones(path), [])
  })
})

describe('a file of schema 9 on SQLite', () => {
  it('gets zones when it is opened, and what their texts are with what is listed next', async () => {
    const path = join(temporaryFolder(), 'store.db')
    const random = randomNumbers()
    const model = new Map<string, Modelled>()
    const write = async (store: Store, first: number, count: number): Promise<void> => {
      const events = Array.from({ length: count }, (_, index) => anEvent(first + index, random))
      await store.writeRecords(events)
      for (const each of events) remember(model, each)
    }
    {
      await using store = await openStore(`sqlite:${path}`)
      for (let first = 0; first < 3_000; first += 500) await write(store, first, 500)
    }
    const older = new DatabaseSync(path)
    const made = older.prepare('SELECT zone, low_0, high_0, low_2, high_2 FROM record_zones').all()
    older.exec('DROP TABLE record_zones; PRAGMA user_version = 9')
    older.close()

    await using store = await openStore(`sqlite:${path}`)

    const upgraded = new DatabaseSync(path, { readOnly: true })
    const select = upgraded.prepare('SELECT zone, low_0, high_0, low_2, high_2 FROM record_zones')
    assert.deepEqual(select.all(), made)
    upgraded.close()
    const asked: RecordListQuery = {
      collection,
      text: '-1',
      countTo: 50,
      order: { by: 'made', direction: 'descending' },
      offset: 0,
      limit: 20,
    }
    assert.deepEqual(await answerOf(store, asked), expectedOf(model, asked))
    assert.equal(zones(path, 'signature IS NOT NULL').length, 0)
    await write(store, 3_000, 500)
    assert.equal(zones(path, 'signature IS NULL').length, 0)
    assert.deepEqual(await answerOf(store, asked), expectedOf(model, asked))
  })
})

describe('a count in lists that are rare on SQLite', () => {
  it('counts each once where it goes on, among records of one time', async () => {
    await using store = await openStore(`sqlite:${join(temporaryFolder(), 'store.db')}`)
    const all = Array.from({ length: 5_400 }, (_, index) => index)
    await store.writeRecords(
      all.map((index) => {
        const rare = index % 18 === 0
        const made = noon + Math.floor(index / 180)
        const text = (rare ? index % 54 === 0 : index % 2 === 0) ? 'yes' : 'no'
        return aPut(idOf(index), {
          facets: { state: rare ? 'rare' : 'done' },
          times: { made },
          text,
        })
      }),
    )

    for (const direction of ['ascending', 'descending'] as const) {
      const answer = await store.listRecords({
        collection,
        facets: { state: 'rare' },
        text: 'yes',
        countTo: 100,
        order: { by: 'made', direction },
        offset: 0,
        limit: 1,
      })
      assert.deepEqual([answer.total, answer.totalIsExact], [100, true])
    }
  })
})

describe('the plan of a search on SQLite', () => {
  const asked = {
    collection,
    facets: {},
    range: null,
    text: '1',
    countTo: 2_000,
    order: { by: 'made', direction: 'descending' },
    offset: 0,
    limit: 20,
    content: true,
  } as const
  const scope = {
    sample: Array.from({ length: 128 }, (_, index) => `order-${index % 2}`),
    hasWords: false,
    lists: 60,
    meant: 1_000_000,
    listed: 1_000_000,
    all: 1_000_000,
  }

  for (const [what, query, fields, plan] of [
    ['walks for what half of all contain', {}, {}, { walk: 'first', counted: 0 }],
    ['counts in lists that are rare', {}, { meant: 20_000 }, { walk: 'first', counted: 4_002 }],
    ['counts all of lists that are short', {}, { meant: 200 }, { walk: 'first', counted: 200 }],
    [
      'counts under words that are rarer than the lists',
      { text: '77' },
      { meant: 20_000, hasWords: true },
      { walk: 'beyond', counted: 0 },
    ],
    [
      'walks at the end for what the first do not contain',
      { text: '8' },
      { sample: [...Array<string>(96).fill('order'), ...Array<string>(32).fill('8')] },
      { walk: 'beyond', counted: 0 },
    ],
    [
      'does not walk where all is counted',
      { countTo: Infinity },
      {},
      { walk: 'never', counted: 0 },
    ],
  ] as const) {
    it(what, () => {
      const { walk, counted } = searchPlan({ ...asked, ...query }, { ...scope, ...fields })

      assert.deepEqual({ walk, counted }, plan)
    })
  }
})

describe('the plan of a search in rare lists on SQLite', () => {
  const half = Array.from({ length: 128 }, (_, index) => (index % 10 === 0 ? '-eu' : 'order'))
  const oldest = Array.from({ length: 128 }, (_, index) => (index >= 110 ? '-1' : 'order'))
  const asked = {
    collection,
    facets: {},
    range: null,
    countTo: 1_000,
    order: { by: 'made', direction: 'descending' },
    offset: 0,
    limit: 20,
    content: true,
  } as const
  const scope = {
    hasWords: true,
    lists: 60,
    meant: 20_000,
    listed: 20_000,
    all: 1_000_000,
  }

  for (const [what, text, fields, plan] of [
    [
      'looks at nothing under words but what stands in the lists',
      '-eu',
      { sample: half },
      { counted: false, isWalked: true, isListed: true },
    ],
    [
      'looks at all under rare words',
      '-eu',
      { sample: oldest, meant: 25_000, listed: 25_000, all: 110_000 },
      { counted: false, isWalked: true, isListed: false },
    ],
    [
      'looks at all under words where the lists are long',
      '-eu',
      { sample: half, meant: 40_000, listed: 40_000 },
      { counted: false, isWalked: true, isListed: false },
    ],
    [
      'counts at the end of the order, and walks not from its beginning, for what is there alone',
      '-1',
      { sample: oldest },
      { counted: true, isWalked: false, isListed: true },
    ],
  ] as const) {
    it(what, () => {
      const { counted, walked, isListed } = searchPlan({ ...asked, text }, { ...scope, ...fields })

      assert.deepEqual({ counted: counted > 0, isWalked: walked > 0, isListed }, plan)
    })
  }
})

describe('a set of rows', () => {
  it('has those it was made of', () => {
    const near = fc.array(fc.oneof(fc.nat(40), fc.nat(10_000)))
    fc.assert(
      fc.property(
        near,
        fc.constantFrom(0, 2 ** 31, 2 ** 40),
        fc.nat(10_000),
        (rows, from, other) => {
          const set = new RowSet(rows.map((each) => from + each))

          assert.ok(rows.every((each) => set.has(from + each)))
          assert.equal(set.has(from + other), rows.includes(other))
        },
      ),
    )
  })
})

describe('words that begin with a text', () => {
  it('are those that the index has, as long as they are few', async () => {
    const path = join(temporaryFolder(), 'store.db')
    await using store = await openStore(`sqlite:${path}`)
    const put = (first: number, names: readonly string[]): Promise<unknown> =>
      store.writeRecords(
        names.map((text, index) =>
          aPut(idOf(first + index), { facets: {}, times: { made: noon }, text }),
        ),
      )
    const search = async (text: string): Promise<number> => {
      const { total } = await store.listRecords({
        collection,
        text,
        countTo: 100,
        order: { by: 'made', direction: 'descending' },
        offset: 0,
        limit: 1,
      })
      return total
    }
    // Long enough that all but the last get into the index.
    const filler = Array.from({ length: 200 }, (_, index) => `${index}${'.'.repeat(100)}`)
    await put(0, ['xy', 'xya', 'xyb', 'a\u{1F600}xy\u{1F600}'])
    await put(100, filler)

    assert.equal(await search('xy'), 4)
    await put(1_000, ['xyc'])
    assert.equal(await search('xy'), 5)
    await put(2_000, filler)
    assert.equal(await search('xy'), 5)

    await put(3_000, ['xyd', 'xye'])
    await store.writeRecords([{ kind: 'remove', collection, id: idOf(0) }])
    assert.equal(await search('xy'), 6)
    const alphabet = Array.from(
      { length: 30 },
      (_, index) => `xz${String.fromCodePoint(0x4e00 + index)}`,
    )
    await put(4_000, alphabet.slice(0, 9))
    await put(5_000, filler)
    assert.equal(await search('xz'), 9)
    await put(6_000, alphabet.slice(9))
    await put(7_000, filler)
    assert.equal(await search('xz'), 30)
  })
})

describe('a search that has begun on SQLite', () => {
  it('finds what gets into the index under a word that was not there', async () => {
    const path = join(temporaryFolder(), 'store.db')
    await using store = await openStore(`sqlite:${path}`)
    const put = (first: number, all: readonly string[]): Promise<unknown> =>
      store.writeRecords(
        all.map((text, index) =>
          aPut(idOf(first + index), { facets: {}, times: { made: noon }, text }),
        ),
      )
    const filler = Array.from({ length: 60 }, (_, index) => `${index}${'.'.repeat(100)}`)
    await put(0, ['xya', ...filler])
    await put(100, ['xyb'])
    const database = await openDatabase(path, systemClock)
    const lists = recordLists(database)
    const searches = recordListSearch(database, lists, recordListPage(database, lists))
    const indexed = (): unknown =>
      database.prepare('SELECT seq FROM record_parts_end').get()?.['seq']
    const before = indexed()

    const search = searches.begin(
      ownListQuery({
        collection,
        text: 'xy',
        countTo: 10,
        order: { by: 'made', direction: 'descending' },
        offset: 0,
        limit: 20,
      }),
    )
    await put(200, filler)
    const after = indexed()
    while (searches.step(search));
    database.close()

    assert.ok(Number(before) < 62 && Number(after) >= 62, `${before}, then ${after}`)
    assert.equal(search.total, 2)
    assert.equal(search.page?.length, 2)
  })

  describe('and whose finds move before its page is sure', () => {
    const path = join(temporaryFolder(), 'store.db')
    const count = 15_000
    const asked = {
      collection,
      text: 'order',
      facets: { state: 'new' },
      order: { by: 'seen', direction: 'ascending' },
      offset: 0,
      limit: 20,
    } as const
    let store: Store
    let database: DatabaseSync
    let searches: RecordListSearch

    before(async () => {
      store = await openStore(`sqlite:${path}`)
      for (let first = 0; first < count; first += batch) {
        await store.writeRecords(Array.from({ length: batch }, (_, index) => aNew(first + index)))
      }
      database = await openDatabase(path, systemClock)
      const lists = recordLists(database)
      searches = recordListSearch(database, lists, recordListPage(database, lists))
    })
    after(async () => {
      database.close()
      await store[Symbol.asyncDispose]()
    })

    async function move(id: string): Promise<void> {
      await store.writeRecords([
        { kind: 'patch', collection, id, set: { state: 'done' }, facets: { state: 'done' } },
      ])
    }

    it('looks at all of them again: a page is what was asked for, and whole', async () => {
      const search = searches.begin(ownListQuery(asked))
      assert.ok(searches.step(search), 'it takes more than one step')
      const [moved] = search.best
      assert.ok(moved !== undefined && search.page === undefined, 'it has found some')
      await move(moved.id)
      while (searches.step(search));

      assert.equal(search.begun, 2)
      assert.equal(search.total, count - 1)
      assert.deepEqual(search.records?.length, 20)
      const { records } = await store.listRecords(asked)
      assert.deepEqual(search.records, records)
      assert.ok(!records.some(({ id }) => id === moved.id))
    })

    it('ends all the same where they go on moving, without those that have', async () => {
      const search = searches.begin(ownListQuery(asked))
      const moved = new Set<string>()
      while (searches.step(search)) {
        const [first] = search.best
        if (first === undefined || search.page !== undefined) continue
        moved.add(first.id)
        await move(first.id)
      }

      assert.equal(search.begun, 3)
      const found = search.records?.map(({ id }) => id) ?? []
      assert.ok(found.length >= 17 && found.length < 20, `${found.length} on the page`)
      assert.deepEqual(
        found.filter((id) => moved.has(id)),
        [],
      )
    })
  })
})

function aNew(index: number): RecordPut {
  return {
    kind: 'put',
    collection,
    id: idOf(index),
    value: { state: 'new' },
    listed: {
      facets: { state: 'new' },
      // All at one time: whether one comes before another is not sure until all are looked at.
      times: { made: noon + index, seen: noon },
      text: `order-${index}`,
    },
  }
}

describe('the signature of texts', () => {
  it('never denies what one of them contains', () => {
    const text = fc.string({ maxLength: 40, unit: 'binary' })
    fc.assert(
      fc.property(
        fc.array(text, { minLength: 1 }),
        fc.nat(),
        fc.nat(),
        fc.nat(),
        (all, which, from, length) => {
          const signature = emptySignature()
          for (const each of all) sign(signature, each)
          const one = all[which % all.length] ?? ''

          assert.ok(mayContain(one.slice(from % 40, (from % 40) + (length % 40)))(signature))
        },
      ),
    )
  })

  it('mostly denies what none contains', () => {
    const signature = emptySignature()
    for (let index = 0; index < 2_000; index += 1) sign(signature, `order-${20_000 + index}`)
    const denied = ['x', '-1', '-3', 'order-3', '-23', 'another'].filter(
      (text) => !mayContain(text)(signature),
    )

    assert.deepEqual(denied, ['x', '-1', '-3', 'order-3', '-23', 'another'])
  })
})

function zones(path: string, where = 'true'): unknown[] {
  const database = new DatabaseSync(path, { readOnly: true })
  const rows = database.prepare(`SELECT zone FROM record_zones WHERE ${where}`).all()
  database.close()
  return rows
}

function remember(model: Map<string, Modelled>, each: RecordWrite): void {
  const before = model.get(each.id)
  if (each.kind === 'remove') model.delete(each.id)
  else if (each.kind === 'put')
    model.set(each.id, { id: each.id, listed: each.listed, expiresAt: undefined })
  else if (before?.listed) {
    const facets = { ...before.listed.facets, ...each.facets }
    model.set(each.id, { ...before, listed: { ...before.listed, facets } })
  }
}

function anEvent(index: number, random: () => number): RecordPut {
  const share = random()
  const state = share < 0.02 ? 'rare' : share < 0.1 ? 'few' : 'done'
  const facets = { state, kind: random() < 0.5 ? 'a' : 'b' }
  const text = `order-${index}${random() < 0.1 ? '-eu' : ''}`
  return aPut(idOf(index), { facets, times: timesOf(index, random), text })
}

function aPut(id: string, listed: NonNullable<RecordPut['listed']>): RecordPut {
  const tenant = listed.text?.includes('eu') ? 'gone' : 'stays'
  return { kind: 'put', collection, id, value: {}, content: Buffer.from('kept'), listed, tenant }
}

/** Near the order of the writes, far from it, and much of the same. */
function timesOf(index: number, random: () => number): Readonly<Record<string, number>> {
  const made = noon + index * interval
  const seen = noon + Math.floor(index / 500) * 500 * interval
  return {
    made: made - Math.floor(random() * 20) * interval,
    seen,
    due: noon + Math.floor(random() * records) * interval,
  }
}

function idOf(index: number): string {
  return `e-${index}`
}

/** The same each time. */
function randomNumbers(seed = 7): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
