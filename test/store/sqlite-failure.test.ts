import assert from 'node:assert/strict'
import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { aMessage, noon } from '../../src/store/contract/makers.ts'
import { openDatabase } from '../../src/store/sqlite/database.ts'
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const unavailable = { code: 'STORE_UNAVAILABLE' }

describe('a SQLite store that cannot be written', () => {
  it('refuses what a full disk does not take, and goes on when there is room again', async () => {
    const { store, database, clock } = await openFile()
    await using _ = store
    await store.enqueue([aMessage()])
    database.exec('PRAGMA max_page_count = 1')
    const big = aMessage({ body: Buffer.alloc(100_000) })

    const results = await Promise.allSettled([
      store.enqueue([big]),
      store.enqueue([aMessage()]),
      store.beat('a', noon),
    ])

    assert.ok(results.every((result) => result.status === 'rejected'))
    await assert.rejects(async () => store.ready(), /cannot be written: .*full/)
    database.exec('PRAGMA max_page_count = 1000000')
    await clock.advance(1000)
    await store.ready()
    await store.enqueue([big])
    assert.equal((await store.deliveries({})).rows.length, 2)
  })

  it('tells the cause, and asks the disk again at most once a second', async () => {
    const { store, database, clock } = await openFile()
    await using _ = store
    database.exec('PRAGMA query_only = 1')
    const error = await store.enqueue([aMessage()]).catch((reason: unknown) => reason)

    assert.ok(error instanceof Error && error.cause instanceof Error)
    assert.match(error.cause.message, /readonly/)
    await assert.rejects(async () => store.ready(), unavailable, 'asked the disk')
    database.exec('PRAGMA query_only = 0')
    await assert.rejects(async () => store.ready(), unavailable, 'not asked again')
    await assert.rejects(store.ping(), unavailable)
    await clock.advance(1000)
    await store.ready()
    await store.ping()
  })

  it('is ready as soon as any write has worked', async () => {
    const { store, database } = await openFile()
    await using _ = store
    database.exec('PRAGMA query_only = 1')
    await assert.rejects(store.enqueue([aMessage()]), unavailable)
    database.exec('PRAGMA query_only = 0')

    await store.beat('a', noon)

    assert.equal(store.ready(), undefined)
  })

  it('goes on reading meanwhile', async () => {
    const { store, database } = await openFile()
    await using _ = store
    await store.enqueue([aMessage()])
    database.exec('PRAGMA query_only = 1')
    await assert.rejects(store.enqueue([aMessage()]), unavailable)

    assert.equal((await store.deliveries({})).rows.length, 1)
  })

  it('notices that its file was removed or replaced, and that it came back', async () => {
    const { store, path, clock } = await openFile()
    await using _ = store
    renameSync(path, `${path}.away`)
    await clock.advance(1000)

    await assert.rejects(store.enqueue([aMessage()]), /removed or replaced/)
    await assert.rejects(async () => store.ready(), unavailable)

    renameSync(`${path}.away`, path)
    await clock.advance(1000)
    await store.enqueue([aMessage()])
    assert.equal(store.ready(), undefined)
    rmSync(path)
  })
})

describe('a SQLite store whose lock another process holds', () => {
  it('waits without holding up the event loop, then writes all that came meanwhile', async () => {
    const { store, path, clock } = await openFile()
    await using _ = store
    const other = lock(path)
    const first = store.enqueue([aMessage()])
    await clock.advance(0)
    const second = store.beat('a', noon)
    await clock.advance(1000)

    other.close()
    await clock.advance(100)

    await Promise.all([first, second])
    assert.equal((await store.deliveries({})).rows.length, 1)
  })

  it('refuses after 5 s', async () => {
    const { store, path, clock } = await openFile()
    await using _ = store
    const other = lock(path)
    const refused = assert.rejects(store.enqueue([aMessage()]), /cannot be written: .*locked/)
    await clock.advance(0)
    await clock.advance(5100)

    await refused
    other.close()
    await store.enqueue([aMessage()])
    assert.equal((await store.deliveries({})).rows.length, 1)
  })
})

async function openFile(): Promise<{
  store: SqliteStore
  database: DatabaseSync
  clock: FakeClock
  path: string
}> {
  const path = join(temporaryFolder(), 'store.db')
  const clock = new FakeClock()
  const database = await openDatabase(path, clock)
  return { store: new SqliteStore(database, path, clock), database, clock, path }
}

function lock(path: string): DatabaseSync {
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  return other
}
