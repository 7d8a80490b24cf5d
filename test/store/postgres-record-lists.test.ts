import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import type { Client } from 'pg'
import { compareBytes } from '../../src/store/byte-order.ts'
import { aPatch, aPut, aRemoval, noon } from '../../src/store/contract/makers.ts'
import { openStore } from '../../src/store/open-store.ts'
import { listQueryValues } from '../../src/store/postgres/record-list-values.ts'
import type { RecordListQuery } from '../../src/store/record-list.ts'
import { ownListQuery } from '../../src/store/record-listing.ts'
import type { RecordPut, RecordWrite } from '../../src/store/records.ts'
import type { Store } from '../../src/store/store.ts'
import { connect, testPostgres } from '../helpers/postgres.ts'

const server = testPostgres({ fsync: false })
after(() => server[Symbol.asyncDispose]())

const collections = ['c/plain', 'c/aged', 'c/long']
const states = ['new', 'sent', 'done']
const unit = 2 ** 22
/** More than are looked at when what comes first stands at one end. */
const mostFound = 800

describe('three hosts that list records at once', () => {
  it('count each once, wherever it was put, moved, removed or expired', async () => {
    const url = await server.database()
    await using a = await openStore(url)
    await using b = await openStore(url)
    await using c = await openStore(url)
    const stores = [a, b, c]
    const of = (turn: number): Store => stores[turn % stores.length] ?? a
    const ids = Array.from({ length: 240 }, (_, index) => index)

    // New lists are made by all of them in the same moment, in another order by each.
    await Promise.all(ids.map((id) => of(id).writeRecords([aListed(id), aListed(id + 240)])))
    await Promise.all(
      [0, 1, 2].flatMap((turn) => ids.map((id) => of(id + turn).writeRecords(changesOf(id, turn)))),
    )
    const expired = await Promise.all(stores.map((store) => store.expireRecords(noon, 1_000)))

    assert.equal(
      expired.reduce((sum, each) => sum + each, 0),
      24,
    )
    await using client = await connect(url)
    const { records, total } = await a.listRecords(aList({ limit: 1_000 }))
    assert.equal(total, records.length)
    assert.ok(total > 300, `${total} are left`)
    for (const state of states) {
      const found = await a.listRecords(aList({ facets: { state }, limit: 1_000 }))
      assert.equal(found.total, found.records.length)
    }
    assert.deepEqual(await miscounted(client), [])
  })
})

describe('what PostgreSQL does for a list', () => {
  it('reads no more of many records than of few, and no table as a whole', async () => {
    const url = await server.database()
    await using store = await openStore(url)
    const ids = Array.from({ length: 6_000 }, (_, index) => index)
    for (let from = 0; from < ids.length; from += 1_000) {
      await store.writeRecords(ids.slice(from, from + 1_000).map(aListed))
    }
    await using client = await connect(url)
    await client.query('VACUUM ANALYZE')
    await explainToClient(client)

    for (const [what, query] of Object.entries(queries)) {
      const plans = await plansOf(client, aList(query))
      const nodes = plans.flatMap(nodesOf)
      const whole = nodes.filter(
        (node) => node['Node Type'] === 'Seq Scan' && /^record/.test(node['Relation Name'] ?? ''),
      )
      assert.deepEqual(whole, [], what)
      const most = Math.max(...nodes.map(lookedAt))
      // Of a range, the counts of all its spans: 1,000 of each line, fewer of each of several.
      assert.ok(most <= 1_400, `${what}: ${most} rows at one place`)
    }
  })

  it('leaves out what many texts have when it looks for one, and finds it by the rest', async () => {
    const url = await server.database()
    await using store = await openStore(url)
    const ids = Array.from({ length: 1_000 }, (_, index) => index)
    await store.writeRecords(ids.map(aListed))
    await using client = await connect(url)

    const sought = await rareParts(client, 'order-777')
    const common = await rareParts(client, 'order')
    const { total, records } = await store.listRecords(aList({ text: 'order-777' }))
    const { total: all } = await store.listRecords(aList({ text: 'order' }))

    assert.ok(sought.includes('777'))
    assert.deepEqual(
      sought.filter((part) => ['ord', 'rde', 'der', 'er-'].includes(part)),
      [],
    )
    assert.deepEqual(common, ['ord', 'rde', 'der'])
    assert.deepEqual([total, records.map(({ id }) => id)], [1, ['777']])
    assert.equal(all, 1_000)
  })

  it('finds what a filter finds, counted as far as it is to be, in whichever way it looks', async () => {
    const url = await server.database()
    await using client = await connect(url)
    await client.query(
      `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET track_functions = 'all'`,
    )
    const all = collections.flatMap((collection) =>
      Array.from({ length: 4_000 }, (_, index) => aSought(index, collection)),
    )
    {
      await using store = await openStore(url)
      for (let from = 0; from < all.length; from += 1_000) {
        await store.writeRecords(all.slice(from, from + 1_000))
      }
      // Whose places are not the first of their pages any more, as when they are worked at.
      await store.writeRecords(
        all
          .slice(0, 2_000)
          .map(({ id, collection, listed }) =>
            aPatch(id, { collection, facets: { ...listed?.facets } }),
          ),
      )
      await client.query('VACUUM ANALYZE')

      await fc.assert(
        fc.asyncProperty(search, async (query) => {
          const { records, ...counted } = await store.listRecords(aList(query))

          const found = soughtBy(all, query)
          const { offset, countTo = Infinity } = query
          assert.deepEqual(
            { ids: records.map(({ id }) => id), ...counted },
            {
              ids: found.slice(offset, offset + 20),
              total: Math.min(countTo, found.length),
              totalIsExact: found.length <= countTo,
            },
          )
        }),
        { numRuns: 300, examples: [...farOff, ...inFewLists].map((query) => [query]) },
      )
    }

    const { rows } = await client.query<{ name: string }>(
      'SELECT funcname AS name FROM pg_stat_user_functions WHERE calls > 4',
    )
    const taken = new Set(rows.map(({ name }) => name))
    const ways = [
      'search_lines',
      'search_many',
      'stretch_times',
      'some_times',
      'walk_page',
      'seek_page',
      'first_places',
    ]
    assert.deepEqual(
      ways.filter((name) => !taken.has(name)),
      [],
    )
  })

  it('keeps no text beside a place that another text took, or nobody may read any more', async () => {
    const url = await server.database()
    await using store = await openStore(url)
    await using client = await connect(url)
    const listed = { facets: { kind: 'k' }, times: { made: noon, seen: noon } }
    const content = Buffer.from('content')
    await store.writeRecords([
      aPut('changed', { listed: { ...listed, text: 'before' } }),
      aPut('erased', { listed: { ...listed, text: 'personal' }, content, tenant: 'acme' }),
      aPut('long', { listed: { ...listed, text: 'x'.repeat(65) } }),
    ])

    await store.writeRecords([aPut('changed', { listed: { ...listed, text: 'After' } })])
    await store.erase({ kind: 'tenant', tenant: 'acme' }, noon, 10)

    const { rows } = await client.query(
      'SELECT DISTINCT id, text FROM carabiner.record_places WHERE line % 4 = 0 ORDER BY id',
    )
    assert.deepEqual(rows, [
      { id: 'changed', text: 'after' },
      { id: 'erased', text: '' },
      { id: 'long', text: null },
    ])
    const { total } = await store.listRecords(aList({ facets: { kind: 'k' } }))
    assert.equal(total, 3)
  })

  it('finds those that come first among many, and what is level with the last, in whatever order they stand', async () => {
    await using client = await connect(await server.database())
    const place = fc.tuple(fc.nat({ max: mostFound - 1 }), fc.integer({ min: -100, max: 2_000 }))
    const search = fc.record({
      found: fc.integer({ min: 1, max: mostFound }),
      level: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: mostFound })),
      outOfOrder: fc.array(place, { maxLength: 20 }),
      isReverse: fc.boolean(),
      count: fc.integer({ min: 1, max: 40 }),
    })

    await fc.assert(
      fc.asyncProperty(search, async ({ found, level, outOfOrder, isReverse, count }) => {
        const displaced = new Map(outOfOrder)
        const ranks = Array.from(
          { length: found },
          (_, index) =>
            displaced.get(index) ?? Math.floor((isReverse ? found - index : index) / level),
        )

        const { rows } = await client.query<{ places: string[] }>(
          'SELECT carabiner.first_places($1, $2, $3, $4)::text[] AS places',
          [ranks, ranks.map((_, index) => `(0,${index + 1})`), isReverse, count],
        )

        const last = ranks.toSorted((a, b) => b - a)[count - 1] ?? Number.NEGATIVE_INFINITY
        const expected = ranks.flatMap((rank, index) => (rank >= last ? [`(0,${index + 1})`] : []))
        assert.deepEqual(rows[0]?.places.toSorted(), expected.toSorted())
      }),
      { numRuns: 100 },
    )
  })

  it('looks for a long text by some of its parts, and finds it alone', async () => {
    await using store = await openStore(await server.database())
    const long = Array.from({ length: 100 }, (_, index) => `${index * 7919}`).join('/')
    const texts = [long, long.replace('/79190/', '/79191/'), long.slice(1)]
    await store.writeRecords(
      texts.map((text, index) =>
        aPut(`${index}`, { listed: { facets: {}, times: { made: noon }, text } }),
      ),
    )

    const { total, records } = await store.listRecords(aList({ text: long.slice(0, 500) }))

    assert.deepEqual([total, records.map(({ id }) => id)], [1, ['0']])
  })
})

const range = { time: 'seen', from: noon + 100 * unit, to: noon + 4_000 * unit }

const queries: Readonly<Record<string, Partial<RecordListQuery>>> = {
  all: {},
  'a facet': { facets: { state: 'new' } },
  'two facets': { facets: { state: 'new', kind: 'k2' } },
  'a range': { range: { ...range, time: 'made' } },
  'a range of another time': { range },
  'a range of another time, down': { range, order: { by: 'made', direction: 'descending' } },
  'a narrow range of another time': { range: { ...range, to: noon + 120 * unit } },
  'a range and a facet': { range, facets: { state: 'sent' } },
  'the order of a facet': { order: { by: 'state', thenBy: 'seen', direction: 'ascending' } },
  'a text': { text: 'order-5999' },
  'a text, of a facet': { text: '999', facets: { state: 'new' } },
}

function aListed(index: number): RecordPut {
  const facets = { kind: `k${(index * 31) % 5}`, state: states[(index * 7) % 3] ?? 'new' }
  const times = { made: noon + index * unit, seen: noon + ((index * 4_001) % 6_000) * unit }
  const expires = index % 20 === 0 && index < 480 ? { expiresAt: noon } : {}
  return aPut(`${index}`, { listed: { facets, times, text: `order-${index}` }, ...expires })
}

/** Long texts are many in one collection, and few in the others. Where one of eight has another time before the two, lists differ in which of theirs these are. */
function aSought(index: number, collection: string): RecordPut {
  const facets = {
    kind: collection === 'c/aged' && index % 8 === 3 ? 'aged' : `k${index % 8}`,
    state: index % 50 === 0 ? 'rare' : (states[index % 3] ?? 'new'),
  }
  const times = {
    ...(facets.kind === 'aged' && { aged: noon }),
    made: noon + index * unit,
    seen: noon + ((index * 2_001) % 4_000) * unit,
  }
  const dots = index % (collection === 'c/long' ? 7 : 70) === 0 ? '.'.repeat(70) : ''
  const early = index >= 500 && index < 900 ? '/early' : ''
  const text = `order-${index}${early}${index >= 3_000 ? '/late' : ''}${dots}`
  return aPut(`${index}`, { collection, listed: { facets, times, text } })
}

type Search = Pick<
  RecordListQuery,
  'collection' | 'text' | 'facets' | 'range' | 'order' | 'countTo' | 'offset'
>

const search: fc.Arbitrary<Search> = fc.record(
  {
    collection: fc.constantFrom(...collections),
    // Of all; of a fourth or a tenth, in one place each; of a fourth from all over; of few.
    text: fc.constantFrom(
      'order',
      '-1',
      '/late',
      '/early',
      '-2',
      '-3',
      '-12',
      '5',
      '77',
      '..',
      'none',
    ),
    facets: fc.oneof(
      { weight: 4, arbitrary: fc.constant({}) },
      fc.record(
        { kind: fc.constantFrom('aged', 'k1', 'k2'), state: fc.constantFrom('new', 'rare') },
        { requiredKeys: [] },
      ),
    ),
    range: fc.record({
      time: fc.constantFrom('made', 'seen'),
      from: fc.constantFrom(noon, noon + 1_500 * unit),
      to: fc.constantFrom(noon + 2_500 * unit, noon + 3_500 * unit),
    }),
    order: fc.record({
      by: fc.constantFrom('made', 'made', 'seen', 'state'),
      thenBy: fc.constant('made'),
      direction: fc.constantFrom('ascending' as const, 'descending' as const),
    }),
    countTo: fc.constantFrom(20, 60, 150),
    offset: fc.constantFrom(0, 7, 140),
  },
  { requiredKeys: ['collection', 'text', 'order', 'offset'] },
)

/** Most of one stretch, in lists of which a sample may have none. */
const inFewLists = Array.from({ length: 12 }, (_, index): Search => {
  const facets = { kind: `k${index % 3}`, state: 'new' }
  const order = { by: 'made', direction: 'descending' } as const
  return { collection: 'c/plain', text: '-1', facets, order, countTo: 20, offset: 0 }
})

/** What stands at the far end of the order. */
const farOff = [0, 7, 100].flatMap((offset) =>
  [
    ['c/long', '-1', 'descending'] as const,
    ['c/long', '/late', 'ascending'] as const,
    ['c/plain', '/early', 'descending'] as const,
  ].map(([collection, text, direction]): Search => {
    const order = { by: 'made', direction }
    return { collection, text, order, countTo: 60, offset }
  }),
)

/** The ids of all that a query asks for, in its order. */
function soughtBy(all: readonly RecordPut[], query: Search): readonly string[] {
  const { text = '', facets = {}, range, order } = query
  const sign = order.direction === 'ascending' ? 1 : -1
  const found = all.flatMap(({ id, collection, listed }) => {
    if (collection !== query.collection || listed === undefined || !listed.text?.includes(text))
      return []
    if (Object.entries(facets).some(([name, value]) => listed.facets[name] !== value)) return []
    const ranged = range && listed.times[range.time]
    if (ranged !== undefined && (ranged < (range?.from ?? 0) || ranged > (range?.to ?? 0)))
      return []
    const part = order.by === 'state' ? (listed.facets['state'] ?? '') : ''
    return [{ id, part, at: listed.times[order.by] ?? listed.times['made'] ?? 0 }]
  })
  found.sort(
    (a, b) => sign * (compareBytes(a.part, b.part) || a.at - b.at || compareBytes(a.id, b.id)),
  )
  return found.map(({ id }) => id)
}

function changesOf(id: number, turn: number): RecordWrite[] {
  const move = aPatch(`${id}`, { facets: { state: states[(id + turn) % 3] ?? 'new' } })
  if (turn === 0 && id % 20 > 0 && id % 6 === 0) return [move, aRemoval(`${id + 240}`)]
  if (turn === 1 && id % 20 > 0)
    return [move, aPatch(`${id + 240}`, { facets: { kind: `k${id % 4}` } })]
  return [move]
}

/** Lists and lines whose counts are not what there is. */
async function miscounted(client: Client): Promise<readonly unknown[]> {
  const { rows } = await client.query(`
    SELECT 'list' AS what, list::bigint AS number, sum(records) AS told, (
      SELECT count(*) FROM carabiner.record_listings AS l WHERE l.list = t.list OR l.whole = t.list
    ) AS counted FROM carabiner.record_totals AS t GROUP BY list
    UNION ALL
    SELECT 'span', line, sum(places), (
      SELECT count(*) FROM carabiner.record_places AS p
      WHERE p.line = s.line AND floor(p.at / ${2 ** 24}) = s.span
    ) FROM carabiner.record_spans AS s GROUP BY line, span`)
  assert.ok(rows.length > 50, `${rows.length} counts`)
  return rows.filter(({ told, counted }) => told !== counted)
}

function aList(fields: Partial<RecordListQuery> = {}): RecordListQuery {
  const order = { by: 'made', direction: 'ascending' } as const
  return { collection: 'c/things', order, offset: 0, limit: 20, ...fields }
}

/** The parts of a text by which it is looked for. */
async function rareParts(client: Client, text: string): Promise<readonly string[]> {
  const words = listQueryValues(ownListQuery(aList({ text })))[wordsPlace]
  const { rows } = await client.query<{ words: string }>(
    'SELECT carabiner.rare_words($1)::text AS words',
    [words],
  )
  const found = rows[0]?.words.matchAll(/'[0-9a-f]{6}([0-9a-f]+)'/g) ?? []
  return [...found].map(([, hex = '']) => Buffer.from(hex, 'hex').toString())
}

/** Of the words among what a page is asked with. */
const wordsPlace = 6

interface Plan {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Actual Rows'?: number
  readonly 'Actual Loops'?: number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly Plan[]
}

/** Has the plans of all statements told to this client, those inside routines too. */
async function explainToClient(client: Client): Promise<void> {
  await client.query(`
    LOAD 'auto_explain';
    SET auto_explain.log_min_duration = 0;
    SET auto_explain.log_nested_statements = on;
    SET auto_explain.log_analyze = on;
    SET auto_explain.log_timing = off;
    SET auto_explain.log_format = json;
    SET client_min_messages = log`)
}

async function plansOf(client: Client, query: RecordListQuery): Promise<readonly Plan[]> {
  const plans: Plan[] = []
  const listen = ({ message = '' }: { message?: string | undefined }): void => {
    const json = message.slice(message.indexOf('{'))
    if (message.includes('plan:')) plans.push((JSON.parse(json) as { Plan: Plan }).Plan)
  }
  const values = listQueryValues(ownListQuery(query))
  const places = values.map((_, index) => `$${index + 1}`).join(', ')
  client.on('notice', listen)
  const { rowCount } = await client.query({
    text: `SELECT * FROM carabiner.list_page(${places})`,
    values: [...values],
  })
  client.off('notice', listen)
  assert.ok(Number(rowCount) > 1, 'there is something on the page')
  assert.ok(plans.length > 2, 'the plans inside the routine are there')
  return plans
}

function nodesOf(plan: Plan): readonly Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]
}

/** Rows that a step looked at, all its repetitions together. */
function lookedAt(plan: Plan): number {
  const { 'Actual Rows': rows = 0, 'Actual Loops': loops = 0 } = plan
  return (rows + (plan['Rows Removed by Filter'] ?? 0)) * loops
}
