import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { compareBytes } from '../../src/store/byte-order.ts'
import { noon } from '../../src/store/contract/makers.ts'
import type { ListedRecord, RecordListQuery } from '../../src/store/record-list.ts'
import type { RecordWrite } from '../../src/store/records.ts'
import type { Store } from '../../src/store/store.ts'

/** A record as the simplest thing that could be right keeps it. */
export interface Modelled {
  readonly id: string
  readonly listed: ListedRecord | undefined
  readonly expiresAt: number | undefined
}

export type Model = ReadonlyMap<string, Modelled>

interface Burst {
  readonly do: 'burst'
  readonly count: number
  /** How many different times they have. */
  readonly spread: number
  readonly what: 'put' | 'patch' | 'remove'
  readonly state: string
}

type Step =
  | Burst
  | { readonly do: 'write'; readonly writes: readonly RecordWrite[]; readonly fails: boolean }
  | { readonly do: 'list'; readonly query: RecordListQuery }
  | { readonly do: 'expire'; readonly now: number }

export const collection = 'c/listed'
const ids = ['a', 'B', 'b', 'é', '\u{ff5e}', '\u{1fa9d}', 'c1', 'c10', 'c2']
const texts = ['', 'a', 'AbA', '100%_x', 'ΟΔΟΣ', 'οδος α', 'order-12', 'Order-121', '🪝x🪝', 'aaa']
const sought = [
  'a',
  'A',
  'ab',
  'b',
  '%',
  '_',
  'δος',
  'Σ',
  'order-1',
  '12',
  '-12',
  '🪝',
  'x🪝',
  'no',
]

const id = fc.constantFrom(...ids)
const facet = fc.constantFrom('', 'one', 'two')
/** So far apart that they are counted together, or not. */
const unit = 2 ** 22
const time = fc.nat(18).map((halves) => noon + (halves * unit) / 2)
const facets = fc.record(
  { kind: facet, state: facet, ['__proto__']: facet },
  { requiredKeys: ['kind', 'state'] },
)
const listed: fc.Arbitrary<ListedRecord> = fc.record(
  {
    facets,
    times: fc.oneof(
      { weight: 5, arbitrary: fc.record({ made: time, seen: time }) },
      fc.record({ made: time, seen: time, third: time }),
      fc.record({ seen: time }),
    ),
    text: fc.oneof(fc.constant(null), fc.constantFrom(...texts)),
  },
  { requiredKeys: ['facets', 'times'] },
)

const write: fc.Arbitrary<RecordWrite> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record(
      {
        kind: fc.constant('put' as const),
        collection: fc.constant(collection),
        id,
        value: fc.constant({}),
        listed,
        expiresAt: time,
      },
      { requiredKeys: ['kind', 'collection', 'id', 'value'] },
    ),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('patch' as const),
      collection: fc.constant(collection),
      id,
      facets: fc.record({ kind: facet, state: facet }, { requiredKeys: [] }),
    }),
  },
  fc.record({ kind: fc.constant('remove' as const), collection: fc.constant(collection), id }),
)

/** So many records at once that they are counted in more ways than one by one; or all of them gone again, or moved. */
const burst: fc.Arbitrary<Burst> = fc.record({
  do: fc.constant('burst' as const),
  count: fc.oneof(fc.integer({ min: 20, max: 60 }), fc.integer({ min: 500, max: 1300 })),
  spread: fc.constantFrom(1, 7, 400),
  what: fc.constantFrom('put' as const, 'put' as const, 'patch' as const, 'remove' as const),
  state: facet,
})

const query: fc.Arbitrary<RecordListQuery> = fc.record(
  {
    collection: fc.constantFrom(collection, collection, collection, 'c/none'),
    facets: fc.record({ kind: facet, state: facet, ['__proto__']: facet }, { requiredKeys: [] }),
    range: fc.record(
      { time: fc.constantFrom('made', 'seen', 'none'), from: time, to: time },
      { requiredKeys: ['time'] },
    ),
    text: fc.constantFrom('', ...sought, 'burst', 'burst-12'),
    countTo: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 300 })),
    order: fc.record(
      {
        by: fc.constantFrom('made', 'seen', 'kind', 'state', '__proto__', 'none', 'third'),
        thenBy: fc.constantFrom('made', 'seen'),
        direction: fc.constantFrom('ascending' as const, 'descending' as const),
      },
      { requiredKeys: ['by', 'direction'] },
    ),
    offset: fc.oneof(fc.nat(3), fc.nat(1300)),
    limit: fc.integer({ min: 1, max: 20 }),
    content: fc.boolean(),
  },
  { requiredKeys: ['collection', 'order', 'offset', 'limit'] },
)

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('write' as const),
        writes: fc.array(write, { maxLength: 8 }),
        fails: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.constant(true)),
      }),
    },
    burst,
    { weight: 6, arbitrary: fc.record({ do: fc.constant('list' as const), query }) },
    fc.record({ do: fc.constant('expire' as const), now: time }),
  ),
  { minLength: 10, maxLength: 50 },
)

/** Whatever is written and asked for in whatever order, a store lists its records as a plain array would. */
export function testRecordListModel(name: string, open: () => Promise<Store>, runs: number): void {
  describe(`store ${name} beside a model of lists of records`, () => {
    it('gives the same answers', async () => {
      await fc.assert(
        fc.asyncProperty(steps, async (all) => {
          await using store = await open()
          let model: Model = new Map()
          for (const step of all) model = await take(step, store, model)
        }),
        { numRuns: runs },
      )
    })
  })
}

async function take(step: Step, store: Store, model: Model): Promise<Model> {
  switch (step.do) {
    case 'write':
      return written(step, store, model)
    case 'burst':
      return written({ writes: writesOf(step), fails: false }, store, model)
    case 'list':
      assert.deepEqual(await answerOf(store, step.query), expectedOf(model, step.query))
      return model
    case 'expire': {
      const isLeft = ({ expiresAt }: Modelled): boolean => (expiresAt ?? Infinity) > step.now
      const left = new Map([...model].filter(([, record]) => isLeft(record)))
      assert.equal(await store.expireRecords(step.now, 10_000), model.size - left.size)
      return left
    }
  }
}

/** A write that fails shares its transaction with one that does not. */
async function written(
  { writes, fails }: { readonly writes: readonly RecordWrite[]; readonly fails: boolean },
  store: Store,
  model: Model,
): Promise<Model> {
  const changed = changedBy(model, writes)
  if (!fails) {
    await store.writeRecords(writes)
    return changed
  }
  const missing = { kind: 'remove', collection, id: 'never there', expects: 1 } as const
  const [first, ...others] = writes
  const [failed] = await Promise.allSettled([
    store.writeRecords([...others, missing]),
    store.writeRecords(first === undefined ? [] : [first]),
  ])
  assert.equal(failed.status, 'rejected')
  return first === undefined ? model : changedBy(model, [first])
}

function writesOf({ count, spread, what, state }: Burst): readonly RecordWrite[] {
  return Array.from({ length: count }, (_, index): RecordWrite => {
    const own = `burst ${index}`
    if (what === 'remove') return { kind: 'remove', collection, id: own }
    if (what === 'patch') return { kind: 'patch', collection, id: own, facets: { state } }
    const times = {
      made: noon + ((index * 7919) % spread) * unit,
      seen: noon + ((index * 31) % spread) * unit,
    }
    // So long that they fill what a store may put off.
    const text = index % 5 === 0 ? `burst-${index} ${'and so on '.repeat(9)}` : null
    const facetsOfAll = { kind: 'one', state }
    return {
      kind: 'put',
      collection,
      id: own,
      value: {},
      listed: { facets: facetsOfAll, times, text },
    }
  })
}

function changedBy(model: Model, writes: readonly RecordWrite[]): Model {
  const next = new Map(model)
  for (const each of writes) {
    const { id: own } = each
    const before = next.get(own)
    if (each.kind === 'put') {
      next.set(own, { id: own, listed: each.listed, expiresAt: each.expiresAt ?? undefined })
    } else if (each.kind === 'remove') {
      next.delete(own)
    } else if (before?.listed !== undefined) {
      const moved = { ...before.listed.facets, ...each.facets }
      next.set(own, { ...before, listed: { ...before.listed, facets: moved } })
    }
  }
  return next
}

export async function answerOf(store: Store, asked: RecordListQuery): Promise<unknown> {
  const { records, ...counted } = await store.listRecords(asked)
  return { ids: records.map((record) => record.id), ...counted }
}

/** Of the collection `c/listed`. */
export function expectedOf(model: Model, asked: RecordListQuery): unknown {
  const { collection: of, order, offset, limit, text = '', countTo = Infinity } = asked
  const sign = order.direction === 'ascending' ? 1 : -1
  const found = of === collection ? [...model.values()] : []
  const rows = found.flatMap(({ id: own, listed }) => {
    if (listed === undefined || !isMeant(listed, asked)) return []
    const isTime = Object.hasOwn(listed.times, order.by)
    const by = isTime ? order.by : (order.thenBy ?? Object.keys(listed.times).sort()[0] ?? '')
    const facet = isTime ? '' : Object.entries(listed.facets).find(([name]) => name === order.by)
    const at = listed.times[by]
    return facet === undefined || at === undefined ? [] : { own, facet: facet[1] ?? '', at }
  })
  rows.sort(
    (a, b) => sign * (compareBytes(a.facet, b.facet) || a.at - b.at || compareBytes(a.own, b.own)),
  )
  return {
    ids: rows.slice(offset, offset + limit).map(({ own }) => own),
    total: text === '' ? rows.length : Math.min(rows.length, countTo),
    totalIsExact: text === '' || rows.length <= countTo,
  }
}

function isMeant(
  listed: ListedRecord,
  { facets: asked = {}, range, text }: RecordListQuery,
): boolean {
  const own = new Map(Object.entries(listed.facets))
  if (Object.entries(asked).some(([name, value]) => own.get(name) !== value)) return false
  if (range !== undefined) {
    const { time: name, from = -Infinity, to = Infinity } = range
    const at = listed.times[name] ?? Number.NaN
    if (!(at >= from && at <= to)) return false
  }
  if (text === undefined || text === '') return true
  const pattern = new RegExp(text.replaceAll(/[%_-]/g, '[$&]').replaceAll('[-]', '-'), 'iu')
  return typeof listed.text === 'string' && pattern.test(listed.text)
}
