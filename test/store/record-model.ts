import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { RecordConflictError } from '../../src/errors.ts'
import { noon } from '../../src/store/contract/makers.ts'
import type {
  RecordLookup,
  RecordPatch,
  RecordPut,
  RecordQuery,
  RecordWrite,
  StoredRecord,
} from '../../src/store/records.ts'
import type { Store } from '../../src/store/store.ts'

/** A record as the simplest thing that could be right keeps it. */
interface Modelled {
  readonly put: RecordPut
  readonly version: number
}

type Step =
  | { readonly do: 'write'; readonly writes: readonly RecordWrite[] }
  | { readonly do: 'find'; readonly query: RecordQuery }
  | { readonly do: 'look up'; readonly lookup: RecordLookup }
  | { readonly do: 'read'; readonly ids: readonly string[] }
  | { readonly do: 'expire'; readonly now: number }

const collection = fc.constantFrom('c/x', 'c/y')
const id = fc.constantFrom('a', 'b', 'c', 'é', '\u{ff5e}', '\u{1fa9d}')
const index = fc.constantFrom('i', 'j')
const entry = fc.constantFrom('', 'a', 'ab', 'a\n1', 'b', '\u{ff5e}', '\u{1fa9d}', '\u{1fa9d}a')
const at = fc.integer({ min: noon, max: noon + 4 })
const limit = fc.integer({ min: 1, max: 5 })

const member = fc.constantFrom('n', 'm', 'é', '__proto__', 'constructor')
const text = fc.constantFrom('', 'a', 'a\0b', '\ud800', '\\u0000', '\x1a', '\x1a0000', '"\\"', '🪝')
const members = fc.dictionary(member, fc.oneof(fc.nat(9), text, fc.constant([null, 1.5])), {
  maxKeys: 3,
})

const put: fc.Arbitrary<RecordPut> = fc.record(
  {
    kind: fc.constant('put' as const),
    collection,
    id,
    value: fc.oneof(fc.nat(9), members, fc.constant(['n'])),
    expects: fc.constantFrom('absent' as const, 1, 2, 3),
    unique: fc.array(fc.constantFrom('u', 'v', 'w'), { maxLength: 2 }),
    entries: fc.dictionary(index, fc.array(entry, { maxLength: 3 }), { maxKeys: 2 }),
    expiresAt: at,
  },
  { requiredKeys: ['kind', 'collection', 'id', 'value'] },
)

const removal = fc.record(
  { kind: fc.constant('remove' as const), collection, id, expects: fc.constantFrom(1, 2) },
  { requiredKeys: ['kind', 'collection', 'id'] },
)

const patch: fc.Arbitrary<RecordPatch> = fc.record(
  {
    kind: fc.constant('patch' as const),
    collection,
    id,
    set: members,
    add: fc.dictionary(member, fc.integer({ min: -3, max: 3 }), { maxKeys: 2 }),
  },
  { requiredKeys: ['kind', 'collection', 'id'] },
)

const query: fc.Arbitrary<RecordQuery> = fc.record(
  {
    collection,
    index,
    prefix: entry,
    from: entry,
    to: entry,
    order: fc.constantFrom('ascending' as const, 'descending' as const),
    after: fc.record({ entry, id }),
    limit,
  },
  { requiredKeys: ['collection', 'index', 'limit'] },
)

const lookup: fc.Arbitrary<RecordLookup> = fc.record(
  { collection, index, entries: fc.array(entry, { maxLength: 4 }), after: id, limit },
  { requiredKeys: ['collection', 'index', 'entries', 'limit'] },
)

const writes = fc.array(
  fc.oneof({ weight: 4, arbitrary: put }, removal, { weight: 2, arbitrary: patch }),
  { maxLength: 5 },
)

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('write' as const), writes }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('find' as const), query }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('look up' as const), lookup }) },
    fc.record({ do: fc.constant('read' as const), ids: fc.array(id, { maxLength: 4 }) }),
    fc.record({ do: fc.constant('expire' as const), now: at }),
  ),
  { minLength: 5, maxLength: 40 },
)

/** Whatever is written and asked for in whatever order, a store answers as a plain list of records does. */
export function testRecordModel(name: string, open: () => Promise<Store>, runs: number): void {
  describe(`store ${name} beside a model of records`, () => {
    it('gives the same answers', async () => {
      const law = fc.asyncProperty(steps, async (all) => {
        await using store = await open()
        const model = new RecordModel()
        for (const step of all) {
          assert.deepEqual(await answerOf(store, step), model.answer(step), JSON.stringify(step))
        }
      })
      await fc.assert(law, { numRuns: runs })
    })
  })
}

async function answerOf(store: Store, step: Step): Promise<unknown> {
  switch (step.do) {
    case 'write':
      try {
        return await store.writeRecords(step.writes)
      } catch (error) {
        if (!(error instanceof RecordConflictError)) throw error
        return `${error.conflict} ${error.collection} ${error.id}`
      }
    case 'find': {
      const found = await store.findRecords(step.query)
      return found.map((record) => [record.entry, told(record)])
    }
    case 'look up':
      return (await store.lookUpRecords(step.lookup)).map(told)
    case 'read':
      return (await store.records('c/x', step.ids)).map((record) => record && told(record))
    case 'expire':
      return store.expireRecords(step.now, 100)
  }
}

function told({ id: of, version, value }: StoredRecord): string {
  return `${of} ${version} ${inOrder(value)}`
}

/** JSON with members in one order: not every store keeps it. */
function inOrder(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return JSON.stringify(value)
  }
  return JSON.stringify(Object.entries(value).sort(([a], [b]) => compare(a, b)))
}

class RecordModel {
  #records: readonly Modelled[] = []

  answer(step: Step): unknown {
    switch (step.do) {
      case 'write':
        return this.#write(step.writes)
      case 'find':
        return this.#find(step.query)
      case 'look up':
        return this.#lookUp(step.lookup)
      case 'read':
        return step.ids.map((each) => {
          const record = this.#records.find(is('c/x', each))
          return record && toldOf(record)
        })
      case 'expire':
        return this.#expire(step.now)
    }
  }

  #write(all: readonly RecordWrite[]): string | undefined {
    let records = this.#records
    for (const write of all) {
      const stored = records.find(is(write.collection, write.id))
      const others = records.filter((record) => record !== stored)
      const conflict = conflictOf(write, stored, others)
      if (conflict !== undefined) return `${conflict} ${write.collection} ${write.id}`
      const next = nextOf(write, stored)
      records = next === undefined ? others : [...others, next]
    }
    this.#records = records
    return undefined
  }

  #find({ prefix = '', from = '', to, order, after, ...rest }: RecordQuery): unknown[] {
    const places = this.#places(rest.collection, rest.index)
      .filter(([found]) => found.startsWith(prefix) && compare(found, from) >= 0)
      .filter(([found]) => to === undefined || compare(found, to) < 0)
      .sort((a, b) => comparePlaces(a, b))
    if (order === 'descending') places.reverse()
    const sign = order === 'descending' ? -1 : 1
    return places
      .filter(([found, { put: kept }]) => {
        if (after === undefined) return true
        return sign * (compare(found, after.entry) || compare(kept.id, after.id)) > 0
      })
      .slice(0, rest.limit)
      .map(([found, record]) => [found, toldOf(record)])
  }

  #lookUp({
    collection: of,
    index: name,
    entries,
    after = '',
    limit: most,
  }: RecordLookup): string[] {
    const places = this.#places(of, name).filter(([found]) => entries.includes(found))
    const records = [...new Set(places.map(([, record]) => record))]
    return records
      .filter((record) => compare(record.put.id, after) > 0)
      .sort((a, b) => compare(a.put.id, b.put.id))
      .slice(0, most)
      .map(toldOf)
  }

  #expire(now: number): number {
    const due = this.#records.filter(({ put: { expiresAt } }) => (expiresAt ?? now + 1) <= now)
    this.#records = this.#records.filter((record) => !due.includes(record))
    return due.length
  }

  #places(of: string, name: string): (readonly [entry: string, record: Modelled])[] {
    return this.#records
      .filter(({ put: kept }) => kept.collection === of)
      .flatMap((record) => {
        const entries = new Set(record.put.entries?.[name])
        return [...entries].map((each) => [each, record] as const)
      })
  }
}

function nextOf(write: RecordWrite, stored: Modelled | undefined): Modelled | undefined {
  const version = (stored?.version ?? 0) + 1
  switch (write.kind) {
    case 'put':
      return { put: write, version }
    case 'remove':
      return undefined
    case 'patch':
      return stored && { put: { ...stored.put, value: patched(stored.put.value, write) }, version }
  }
}

function patched(value: unknown, { set = {}, add = {} }: RecordPatch): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const all = new Map<string, unknown>([...Object.entries(value), ...Object.entries(set)])
  for (const [name, by] of Object.entries(add)) {
    const before = all.get(name)
    all.set(name, (typeof before === 'number' ? before : 0) + by)
  }
  return Object.fromEntries(all)
}

function conflictOf(
  write: RecordWrite,
  stored: Modelled | undefined,
  others: readonly Modelled[],
): string | undefined {
  if (write.kind === 'patch') return undefined
  if (write.expects === 'absent' && stored !== undefined) return 'exists'
  if (typeof write.expects === 'number' && write.expects !== stored?.version) return 'version'
  const texts = write.kind === 'put' ? (write.unique ?? []) : []
  const isTaken = others.some(
    ({ put: other }) =>
      other.collection === write.collection && other.unique?.some((text) => texts.includes(text)),
  )
  return isTaken ? 'unique' : undefined
}

function is(of: string, wanted: string): (record: Modelled) => boolean {
  return ({ put: kept }) => kept.collection === of && kept.id === wanted
}

function toldOf({ put: { id: of, value }, version }: Modelled): string {
  return `${of} ${version} ${inOrder(value)}`
}

function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function comparePlaces(
  [a, { put: left }]: readonly [string, Modelled],
  [b, { put: right }]: readonly [string, Modelled],
): number {
  return compare(a, b) || compare(left.id, right.id)
}
