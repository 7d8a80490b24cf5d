import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import {
  aClaim,
  aDelivery,
  aMessage,
  aMessageTo,
  anAttempt,
  aPut,
  delivered,
  noon,
} from '../../src/store/contract/makers.ts'
import { testStore } from '../../src/store/contract.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { ListedRecord } from '../../src/store/record-list.ts'
import type { NewDelivery, NewMessage, Store } from '../../src/store/store.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { testRecordListModel } from './record-list-model.ts'
import { testRecordModel } from './record-model.ts'
import { testStoreModel } from './store-model.ts'

const folder = temporaryFolder()
let opened = 0

testStore('sqlite:', openEmpty)
testStoreModel('sqlite:', openEmpty, 25)
testRecordModel('sqlite:', openEmpty, 25)
testRecordListModel('sqlite:', openEmpty, 10)

describe('bury on a SQLite store', () => {
  it('leaves nothing stuck behind a dead delivery when it is interrupted between batches', async () => {
    const url = `sqlite:${join(temporaryFolder(), 'store.db')}`
    {
      await using store = await openStore(url)
      await store.enqueue(Array.from({ length: 1200 }, () => aMessageTo({ orderKey: 'k' })))
      const interrupted = assert.rejects(store.bury('hooks/audit', 'gone', noon), /is closed/)
      await store.beat('a', noon)
      await store[Symbol.asyncDispose]()
      await interrupted
    }

    await using store = await openStore(url)

    assert.equal((await store.backlog()).dead, 1000)
    assert.equal(await store.nextDueAt(['hooks/audit']), noon)
    assert.equal((await store.claim(aClaim())).length, 1)
  })
})

describe('backlog of a SQLite store', () => {
  it('counts in slices, and lets everything else go on between two of them', async () => {
    await using store = await openEmpty()
    const many = (count: number): NewDelivery[] => Array.from({ length: count }, () => aDelivery())
    await store.enqueue([aMessage({ deliveries: many(10_000) })])
    let turns = 0
    const turn = (): void => {
      turns += 1
      next = setImmediate(turn)
    }
    let next = setImmediate(turn)

    const whole = await store.backlog()
    clearImmediate(next)
    await store.enqueue([aMessage({ createdAt: noon + 1, deliveries: many(1) })])
    const beyond = await store.backlog()

    assert.equal(whole.pending, 10_000)
    assert.equal(beyond.pending, 10_001)
    assert.ok(turns >= 2, `${turns} turns`)
  })
})

describe('counts and listings of a SQLite store', () => {
  it('find the few among the many, and count what waits, in slices', async () => {
    await using store = await openEmpty()
    const of = (endpoint: string, count: number, createdAt = noon): NewMessage =>
      aMessage({
        createdAt,
        deliveries: Array.from({ length: count }, () => aDelivery({ endpoint })),
      })
    await store.enqueue([of('h/few', 2), of('h/many', 12_000, noon + 1), of('h/few', 1, noon + 2)])
    const few = await store.claim(aClaim({ endpoint: 'h/few' }))
    await store.settle(few.map((each) => delivered(each)))

    const page = await store.deliveries({ endpoint: 'h/few', limit: 2 })
    const rest = await store.deliveries({ endpoint: 'h/few', cursor: page.nextCursor ?? 'none' })
    const ofState = await store.deliveries({ state: 'delivered' })

    assert.deepEqual(
      page.rows.map((row) => row.createdAt),
      [noon + 2, noon],
    )
    assert.deepEqual([rest.rows.length, rest.nextCursor], [1, null])
    assert.equal(ofState.rows.length, 3)
    assert.equal(await store.countWaiting('h/many'), 12_000)
  })
})

describe('erasure of a SQLite store', () => {
  it('leaves no byte of what was said in the file or its log', async () => {
    const path = join(temporaryFolder(), 'store.db')
    await using store = await openStore(`sqlite:${path}`)
    const told = (text: string): NewMessage =>
      aMessage({ tenant: 'acme', body: Buffer.from(text), headers: { 'x-told': text } })
    // One body fits its page, the other needs pages of its own.
    await store.enqueue([told('hush-hush'), told(`hush-hush ${'x'.repeat(20_000)} hush-hush`)])
    const [claimed] = await store.claim(aClaim())
    assert.ok(claimed)
    const attempt = anAttempt({ responseBody: Buffer.from('hush-hush') })
    await store.settle([delivered(claimed, { attempt })])
    assert.ok(bytesOf(path).includes('hush-hush'), 'looked for where it cannot be')

    const content = Buffer.from(`hush-hush ${'x'.repeat(9_000)} hush-hush`)
    const listed = { facets: {}, times: { made: noon }, text: 'from hush-hush' }
    await store.writeRecords([aPut('a', { tenant: 'acme', content, listed })])

    await store.erase({ kind: 'tenant', tenant: 'acme' }, noon, 10)

    assert.ok(!bytesOf(path).includes('hush-hush'))
  })

  it('leaves nothing of a text in the index of texts', async () => {
    const path = join(temporaryFolder(), 'store.db')
    await using store = await openStore(`sqlite:${path}`)
    const listed = (text: string): ListedRecord => ({
      facets: {},
      times: { made: noon },
      text,
    })
    const content = Buffer.from('x')
    // Texts get into the index many at once.
    const others = Array.from({ length: 30 }, (_, at) =>
      aPut(`other-${at}`, { listed: listed(`${at} `.padEnd(200, 'abc ')) }),
    )
    const secret = aPut('secret', { tenant: 'acme', content, listed: listed('zqj') })
    await store.writeRecords([secret, ...others])
    const part = Buffer.from('zqj').toString('hex').slice(2)
    assert.ok(indexOf(path).includes(part), 'looked for where it cannot be')

    await store.erase({ kind: 'tenant', tenant: 'acme' }, noon, 10)

    assert.ok(!indexOf(path).includes(part))
    const query = {
      collection: 'c/things',
      order: { by: 'made', direction: 'ascending' },
      offset: 0,
      limit: 1,
    } as const
    assert.equal((await store.listRecords({ ...query, text: 'zqj' })).total, 0)
    assert.equal((await store.listRecords({ ...query, text: 'abc' })).total, 30)
  })
})

/** What the index of texts is made of now. */
function indexOf(path: string): Buffer {
  using database = new DatabaseSync(path, { readOnly: true })
  const rows = database.prepare('SELECT block FROM record_parts_data').all()
  return Buffer.concat(rows.map(({ block }) => block as Uint8Array)) // the column is one of FTS5's, always a blob
}

function bytesOf(path: string): Buffer {
  return Buffer.concat([readFileSync(path), readFileSync(`${path}-wal`)])
}

function openEmpty(): Promise<Store> {
  opened += 1
  return openStore(`sqlite:${join(folder, `${opened}.db`)}`)
}
