import assert from 'node:assert/strict'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { verifyAudit } from '../../src/audit/verify-audit.ts'
import {
  aClaim,
  aDelivery,
  aMessage,
  anAuditRow,
  delivered,
  noon,
} from '../../src/store/contract/makers.ts'
import { openSharedStore, openStore } from '../../src/store/open-store.ts'
import type { RecordPut } from '../../src/store/records.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

describe('openStore', () => {
  it('makes the folder and the file', async () => {
    const path = join(temporaryFolder(), 'deep', 'er', 'carabiner.db')

    await using store = await openStore(`sqlite:${path}`)

    assert.equal(store.name, 'sqlite')
    assert.equal(store.durable, true)
    assert.ok(existsSync(path))
  })

  it('finds again what was stored before', async () => {
    const url = `sqlite:${join(temporaryFolder(), 'store.db')}`
    const message = aMessage()
    {
      await using store = await openStore(url)
      await store.enqueue([message])
    }

    await using again = await openStore(url)

    const { rows } = await again.deliveries({})
    assert.deepEqual(
      rows.map((row) => row.messageId),
      [message.id],
    )
  })

  it('keeps nothing of a memory: store', async () => {
    await using store = await openStore('memory:')
    await store.enqueue([aMessage()])

    await using other = await openStore('memory:')

    assert.equal(store.durable, false)
    assert.deepEqual((await other.deliveries({})).rows, [])
  })

  it('says where a folder cannot be made', async () => {
    const file = join(temporaryFolder(), 'file')
    writeFileSync(file, '')

    await assert.rejects(openStore(`sqlite:${file}/store.db`), {
      code: 'STORE_UNAVAILABLE',
      message: /file\/store\.db cannot be opened as a store: (EEXIST|ENOTDIR)/,
    })
  })

  it('refuses a file that is not a database, and leaves it as it is', async () => {
    const path = join(temporaryFolder(), 'notes.txt')
    writeFileSync(path, 'dear diary, '.repeat(400))

    await assert.rejects(openStore(`sqlite:${path}`), {
      code: 'STORE_UNAVAILABLE',
      message: /notes\.txt is not a SQLite database/,
    })
    assert.equal(statSync(path).size, 4800)
  })

  it('refuses the database of another program', async () => {
    const path = join(temporaryFolder(), 'other.db')
    const other = new DatabaseSync(path)
    other.exec('CREATE TABLE deliveries (id TEXT)')
    other.close()

    await assert.rejects(openStore(`sqlite:${path}`), {
      code: 'STORE_UNAVAILABLE',
      message: /other\.db is a SQLite database of another program/,
    })
  })

  it('brings a store of an earlier program up to date', async () => {
    const path = join(temporaryFolder(), 'store.db')
    const message = aMessage({ deliveries: [aDelivery(), aDelivery({ orderKey: 'k' })] })
    {
      await using newer = await openStore(`sqlite:${path}`)
      await newer.enqueue([message], undefined, { audit: [anAuditRow()] })
    }
    const older = new DatabaseSync(path)
    older.exec(`ALTER TABLE endpoints DROP COLUMN missing_since;
      DROP INDEX messages_tenant; DROP INDEX deliveries_root; DROP INDEX deliveries_made;
      ALTER TABLE messages DROP COLUMN tenant; ALTER TABLE messages DROP COLUMN erased_at;
      ALTER TABLE deliveries DROP COLUMN redelivery_root; ALTER TABLE deliveries DROP COLUMN redelivery_seq;
      DROP TABLE redeliveries; DROP TABLE rates;
      DROP INDEX audit_place; DROP TABLE audit_chains; DROP TABLE audit_rosters; DROP TABLE audit_key;
      ALTER TABLE audit DROP COLUMN chain; ALTER TABLE audit DROP COLUMN position;
      ALTER TABLE audit DROP COLUMN previous; ALTER TABLE audit DROP COLUMN mac;
      DROP TABLE records; DROP TABLE record_entries; DROP TABLE record_unique; DROP TABLE permits;
      DROP TABLE record_lists; DROP TABLE record_list_sizes; DROP TABLE record_listings; DROP TABLE record_places;
      DROP TABLE record_runs; DROP TABLE record_parts; DROP TABLE record_parts_end; DROP TABLE record_zones;
      PRAGMA user_version = 1`)
    older.exec(
      "INSERT INTO endpoints (endpoint, circuit, consecutive_failures) VALUES ('h/a', 'open', 5)",
    )
    older.close()

    await using store = await openStore(`sqlite:${path}`)

    const [state] = await store.endpointStates()
    assert.deepEqual([state?.circuit, state?.missingSince], ['open', null])
    const claimed = await store.claim(aClaim())
    assert.deepEqual(
      new Map(claimed.map(({ id, orderKey }) => [id, orderKey])),
      new Map(message.deliveries.map(({ id, orderKey }) => [id, orderKey])),
    )
    assert.deepEqual(await store.settle(claimed.map((each) => delivered(each))), [true, true])
    await store.enqueue([aMessage({ tenant: 'acme' })])
    assert.equal((await store.erase({ kind: 'tenant', tenant: 'acme' }, noon, 1)).messages, 1)
    await store.audit([anAuditRow()])
    const { rows, unchained, faults } = await verifyAudit(store)
    assert.deepEqual([rows, unchained, faults], [2, 1, []])
    assert.equal((await store.pruneAudit(noon + 1, 9)).removed, 2)
  })

  it('finds the texts of a store whose index had them at once, in shorter parts', async () => {
    const path = join(temporaryFolder(), 'store.db')
    {
      await using newer = await openStore(`sqlite:${path}`)
      await newer.writeRecords([aListed('first', 'order-1001')])
    }
    const older = new DatabaseSync(path)
    older.exec(`DROP TABLE record_parts_end; DROP TABLE record_zones; PRAGMA user_version = 7;
      INSERT INTO record_parts (rowid, parts) SELECT seq, '1x6f7264' FROM record_listings`)
    older.close()

    await using store = await openStore(`sqlite:${path}`)
    const many = Array.from({ length: 600 }, (_, index) => aListed(`${index}`, `order-${index}`))
    await store.writeRecords(many)
    await store.writeRecords([aListed('last', 'order-1001'), aListed('0', 'another-1001')])

    const query = { collection: 'c/listed', order: { by: 'made', direction: 'ascending' } } as const
    const found = await store.listRecords({ ...query, text: '1001', offset: 0, limit: 10 })
    assert.deepEqual(
      found.records.map(({ id }) => id),
      ['0', 'first', 'last'],
    )
  })

  it('refuses a store that is newer than the program', async () => {
    const path = join(temporaryFolder(), 'store.db')
    await using store = await openStore(`sqlite:${path}`)
    const newer = new DatabaseSync(path)
    newer.exec('PRAGMA user_version = 99')
    newer.close()

    await assert.rejects(openStore(`sqlite:${path}`), {
      code: 'STORE_UNAVAILABLE',
      message: /was written by a newer carabiner \(schema 99, this one knows \d+\)/,
    })
    assert.equal(store.durable, true)
  })

  it('refuses URLs it does not know, without showing what may be a password', async () => {
    const url = (code: string, message: RegExp): object => ({ code, message })

    await assert.rejects(openStore('mysql://u:secret@h/db'), url('USAGE', /got mysql:$/))
    await assert.rejects(openStore('./data/store.db'), url('USAGE', /got a text without a scheme/))
    await assert.rejects(openStore('sqlite:./store.db'), url('USAGE', /absolute path/))
  })
})

describe('openSharedStore', () => {
  it('refuses memory:, which no other process sees', async () => {
    await assert.rejects(openSharedStore('memory:'), {
      code: 'STORE_UNAVAILABLE',
      message: 'the memory: store ends with its process; use sqlite: or postgres:',
    })
  })

  it('opens the store that another connection has open, and each sees the rows of the other', async () => {
    const url = `sqlite:${join(temporaryFolder(), 'store.db')}`
    await using store = await openStore(url)
    await using shared = await openSharedStore(url)
    const version = shared.version()

    await store.enqueue([aMessage()])

    assert.equal((await shared.deliveries({})).rows.length, 1)
    assert.notEqual(shared.version(), version)
  })
})

function aListed(id: string, text: string): RecordPut {
  const listed = { facets: { kind: 'order' }, times: { made: noon }, text }
  return { kind: 'put', collection: 'c/listed', id, value: {}, listed }
}
