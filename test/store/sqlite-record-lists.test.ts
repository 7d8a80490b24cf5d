import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import { aPatch, aPut, aRemoval, noon } from '../../src/store/contract/makers.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { RecordPut } from '../../src/store/records.ts'
import { openDatabase } from '../../src/store/sqlite/database.ts'
import { selectOfRun, selectRuns, selectStretch } from '../../src/store/sqlite/line-walk.ts'
import { countSpan, selectNthTime } from '../../src/store/sqlite/list-count.ts'
import { selectListed, selectUnderWords } from '../../src/store/sqlite/listed-words.ts'
import { selectAcross } from '../../src/store/sqlite/record-list-page.ts'
import { selectSample } from '../../src/store/sqlite/record-list-search.ts'
import { selectLists } from '../../src/store/sqlite/record-lists.ts'
import {
  countAlone,
  countMatches,
  selectGlance,
  selectMatches,
} from '../../src/store/sqlite/record-matches.ts'
import {
  countFromPlace,
  selectRunAfter,
  selectRunAt,
  sumRuns,
} from '../../src/store/sqlite/record-runs.ts'
import { selectZoneTexts } from '../../src/store/sqlite/record-zones.ts'
import { countContaining, selectContaining } from '../../src/store/sqlite/text-walk.ts'
import {
  countWaiting,
  selectAllWaiting,
  selectWaiting,
} from '../../src/store/sqlite/waiting-records.ts'
import { selectZones } from '../../src/store/sqlite/zone-search.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const asked = {
  among: 'span',
  hasText: true,
  order: 1,
  range: 0,
  isRanked: true,
  isUp: false,
  isOfAll: false,
} as const
const allWithWords = {
  ...asked,
  among: 'words',
  hasText: false,
  range: null,
  isOfAll: true,
} as const
const wordsThenRows =
  /record_parts VIRTUAL TABLE INDEX.*\n.*\n?.*SEARCH l USING INTEGER PRIMARY KEY \(rowid=\?\)/

describe('what a list asks of SQLite', () => {
  for (const [what, sql, index] of [
    ['the lists of a collection', selectLists, /record_lists_\w+|autoindex_record_lists/],
    [
      'places, up',
      selectStretch(true, undefined),
      /record_places USING PRIMARY KEY \(line=\? AND \(at,id\)>\(\?,\?\)/,
    ],
    [
      'places, down',
      selectStretch(false, undefined),
      /record_places USING PRIMARY KEY \(line=\? AND at>\? AND \(at,id\)<\(\?,\?\)/,
    ],
    ['places beside a range', selectStretch(true, 1), /record_places USING PRIMARY KEY \(line=\?/],
    ['runs, up', selectRuns(true, 0), /record_runs USING PRIMARY KEY \(line=\?/],
    ['runs, down', selectRuns(false, 1), /record_runs USING PRIMARY KEY \(line=\?/],
    ['places of a run', selectOfRun(true, 0), /record_places USING PRIMARY KEY \(line=\?/],
    [
      'places in a range',
      selectAcross,
      /record_places USING PRIMARY KEY \(line=\? AND at>\? AND at<\?\)/,
    ],
    [
      'the run of a place',
      selectRunAt,
      /record_runs USING PRIMARY KEY \(line=\? AND \(at,id\)<\(\?,\?\)/,
    ],
    [
      'the run after it',
      selectRunAfter,
      /record_runs USING PRIMARY KEY \(line=\? AND \(at,id\)>\(\?,\?\)/,
    ],
    ['places to a time', countFromPlace, /record_places USING PRIMARY KEY \(line=\?/],
    ['what runs count', sumRuns, /record_runs USING PRIMARY KEY \(line=\? AND \(at,id\)<\(\?,\?\)/],
    ['what waits', selectWaiting(0, undefined, true), /record_listings_waiting \(waits_for=\?\)/],
    ['what waits in a range', countWaiting(1), /record_listings_waiting \(waits_for=\?\)/],
    ['all that waits', selectAllWaiting(0), /record_listings_waiting \(waits_for=\?\)/],
    ['zones', selectZones(1, 0), /record_zones USING INDEX \w+ \(whole=\?\)/],
    [
      'texts of a zone',
      selectZoneTexts,
      /record_listings USING INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)/,
    ],
    [
      'a time that has so many before it',
      selectNthTime(false),
      /record_places USING PRIMARY KEY \(line=\? AND at>\? AND at<\?\)/,
    ],
    [
      'texts of lists',
      countSpan,
      /SEARCH p USING PRIMARY KEY \(line=\? AND at>\? AND at<\?\)(.*\n)*.*SEARCH l USING INTEGER PRIMARY KEY \(rowid=\?\)/,
    ],
    ['some texts', countContaining, /SEARCH l USING INTEGER PRIMARY KEY \(rowid=\?\)/],
    ['texts with words', countMatches({ ...asked, among: 'words' }), wordsThenRows],
    [
      'each text',
      countMatches(asked),
      /SEARCH l USING INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)/,
    ],
    ['texts with words, alone', countAlone({ ...asked, among: 'words' }), wordsThenRows],
    ['each text, alone', countAlone(asked), /SEARCH l USING INTEGER PRIMARY KEY/],
    ['what words alone tell', countAlone(allWithWords), /SCAN record_parts VIRTUAL TABLE INDEX/],
    ['texts along an order', selectContaining, /SEARCH l USING INTEGER PRIMARY KEY \(rowid=\?\)/],
    ['the last texts with words', selectGlance({ ...asked, among: 'words' }), wordsThenRows],
    ['the last texts', selectGlance(asked), /SEARCH record_listings USING INTEGER PRIMARY KEY/],
    ['what may be on the page', selectMatches(1), /l USING INTEGER PRIMARY KEY \(rowid=\?\)/],
    [
      'what stands in lists',
      selectListed,
      /SEARCH p USING PRIMARY KEY \(line=\?\)(.*\n)*.*record_listings_waiting \(waits_for=\?\)/,
    ],
    ['rows under words', selectUnderWords, /SCAN record_parts VIRTUAL TABLE INDEX/],
    [
      'what of them is given',
      countMatches({ ...asked, among: 'given' }),
      /SEARCH l USING INTEGER PRIMARY KEY \(rowid=\?\)/,
    ],
    ['a sample of texts', selectSample, /record_listings USING INTEGER PRIMARY KEY \(rowid>\?\)/],
  ] as const) {
    it(`reads ${what} by an index alone`, async () => {
      const database = await openDatabase(join(temporaryFolder(), 'store.db'), systemClock)
      const steps = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all()
      const plan = steps.map((step) => step['detail']).join('\n')
      database.close()

      assert.match(plan, index)
      // The full-text index is always told as a scan; and what `json_each` and the subqueries give is small.
      assert.doesNotMatch(plan, /SCAN (?!record_parts VIRTUAL|json_each|\(subquery|[cj]\b)/)
    })
  }
})

describe('a long list on SQLite', () => {
  it('is counted in runs that are as long as they say, with what they say lies in them', async () => {
    const path = join(temporaryFolder(), 'store.db')
    {
      await using store = await openStore(`sqlite:${path}`)
      const ids = Array.from({ length: 3_000 }, (_, index) => index)
      await store.writeRecords(ids.map(aListed))
      await Promise.all(
        ids.filter((id) => id % 7 === 0).map((id) => store.writeRecords([aListed(id)])),
      )
      await store.writeRecords(
        ids.filter((id) => id % 3 === 0).map((id) => aPatch(`${id}`, { facets: { state: 'b' } })),
      )
      await store.writeRecords(
        ids.filter((id) => id > 2_000 && id % 5 > 0).map((id) => aRemoval(`${id}`)),
      )
    }

    const database = new DatabaseSync(path)
    const runs = database.prepare('SELECT * FROM record_runs ORDER BY line, at, id').all()
    const nextOf = database.prepare(
      'SELECT at, id FROM record_runs WHERE line = ? AND (at, id) > (?, ?) ORDER BY at, id LIMIT 1',
    )
    const measure = database.prepare(`
      SELECT count(*) AS places, min(other_0) AS low, max(other_0) AS high FROM record_places
      WHERE line = ? AND (at, id) >= (?, ?) AND (at, id) < (?, ?)`)
    const key = ({ line, at, id }: (typeof runs)[number]) =>
      [line ?? null, at ?? null, id ?? null] as const
    for (const run of runs) {
      const next = nextOf.get(...key(run)) ?? { at: Infinity, id: '' }
      const found = measure.get(...key(run), next['at'] ?? null, next['id'] ?? null)
      assert.equal(run['places'], found?.['places'])
      assert.ok(Number(run['places']) <= 256)
      assert.ok(found?.['places'] === 0 || Number(run['low_0']) <= Number(found?.['low']))
      assert.ok(found?.['places'] === 0 || Number(run['high_0']) >= Number(found?.['high']))
    }
    database.close()
    assert.ok(runs.length > 20, `${runs.length} runs`)
  })
})

describe('a search on SQLite', () => {
  it('goes on where a step has ended, by words and by rows, over rows that are gone', async () => {
    const path = join(temporaryFolder(), 'store.db')
    await using store = await openStore(`sqlite:${path}`)
    const ids = Array.from({ length: 36_000 }, (_, index) => index)
    for (let from = 0; from < ids.length; from += 2_000) {
      await store.writeRecords(ids.slice(from, from + 2_000).map(aTold))
    }
    await store.writeRecords(ids.slice(4_000, 9_000).map((id) => aRemoval(`${id}`)))

    const left = ids.filter((id) => id < 4_000 || id >= 9_000)

    for (const [text, found] of [
      ['are', left.filter(isRare)],
      ['rare', left.filter(isRare)],
      ['o', left],
      ['told', left],
    ] as const) {
      for (const [offset, countTo, direction] of [
        [0, undefined, 'descending'],
        [1_500, undefined, 'descending'],
        [0, 1_000, 'descending'],
        [0, 1_000, 'ascending'],
        [1_500, 1_000, 'descending'],
        [0, found.length, 'descending'],
        [0, found.length - 1, 'descending'],
      ] as const) {
        const { records, total, totalIsExact } = await store.listRecords({
          collection: 'c/things',
          text,
          ...(countTo !== undefined && { countTo }),
          order: { by: 'made', direction },
          offset,
          limit: 20,
        })

        const what = `${text} from ${offset}, ${direction}, counted to ${countTo}`
        const ordered = direction === 'ascending' ? found : found.toReversed()
        const counted = Math.min(countTo ?? Infinity, found.length)
        assert.deepEqual([total, totalIsExact], [counted, counted === found.length], what)
        const expected = ordered.slice(offset, offset + 20)
        assert.deepEqual(
          records.map(({ id }) => id),
          expected.map(String),
          what,
        )
      }
    }
  })
})

/** So few that they are looked for by words, as far as a sample tells. */
function isRare(index: number): boolean {
  return index >= 284 && index < 2_384
}

function aTold(index: number): RecordPut {
  const text = isRare(index) ? `told, rare: ${index % 10}` : 'told'
  return aPut(`${index}`, { listed: { facets: {}, times: { made: noon + index }, text } })
}

function aListed(index: number): RecordPut {
  const times = { made: noon + ((index * 7919) % 1_000), seen: noon + index }
  return aPut(`${index}`, { listed: { facets: { state: 'a' }, times, text: `order-${index}` } })
}
