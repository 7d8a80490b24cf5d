import assert from 'node:assert/strict'
import { rmSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { aMessage, anAuditRow, aPut, noon } from '../../src/store/contract/makers.ts'
import { openDatabase } from '../../src/store/sqlite/database.ts'
import { type Log, openLog } from '../../src/store/sqlite/log-file.ts'
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import type { Store } from '../../src/store/store.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const refused = {
  code: 'STORE_UNAVAILABLE',
  message: /the disk did not take .*input\/output error/,
}

describe('what a SQLite store is given', () => {
  it('is committed, then on the disk, then told to be stored', async () => {
    const { store, disk, path } = await openFile()
    await using _ = store
    const beat = watched(store.beat('a', noon))

    await disk.began(1)
    await turns(5)

    assert.equal(hostsIn(path), 1)
    assert.equal(beat.isOver, false)
    disk.answer()
    await beat.end
  })

  it('is committed while the disk is at what came before, which does not count for it', async () => {
    const { store, disk, path } = await openFile()
    await using _ = store
    const writes = hosts(501).map((host) => watched(store.beat(host, noon)))
    const [first, last] = [writes[0], writes.at(-1)]
    await disk.began(1)
    await turns(5)

    assert.equal(hostsIn(path), 501, '500 writes share a transaction')
    disk.answer()
    await first?.end
    await disk.began(2)
    await turns(5)
    assert.equal(last?.isOver, false)
    disk.answer()
    await last?.end
  })

  it('takes one transaction and one sync with all that came meanwhile', async () => {
    const { store, disk } = await openFile()
    await using _ = store
    const writes = [store.beat('a', noon)]
    await disk.began(1)
    for (const host of ['b', 'c', 'd', 'e']) {
      writes.push(store.beat(host, noon))
      await turns(3)
    }

    disk.answer()
    await disk.began(2)
    disk.answer()

    await Promise.all(writes)
    assert.equal(disk.syncs, 2)
  })

  it('is told to be there already only when what is there is on the disk', async () => {
    const { store, disk } = await openFile()
    await using _ = store
    const first = store.writeRecords([aPut('a', { expects: 'absent' })])
    await disk.began(1)
    const again = watched(
      assert.rejects(store.writeRecords([aPut('a', { expects: 'absent' })]), {
        code: 'RECORD_CONFLICT',
      }),
    )
    await turns(5)

    assert.equal(again.isOver, false)
    disk.answer()
    await first
    await disk.began(2)
    disk.answer()
    await again.end
  })

  it('is stored before the store closes', async () => {
    const { store, disk } = await openFile()
    const beat = store.beat('a', noon)
    await disk.began(1)
    const closed = watched(Promise.resolve(store[Symbol.asyncDispose]()))
    await turns(5)

    assert.equal(closed.isOver, false)
    assert.equal(disk.isClosed, false)
    disk.answer()
    await Promise.all([beat, closed.end])
    assert.equal(disk.isClosed, true)
  })
})

describe('what is read from a SQLite store', () => {
  it('is told when it is on the disk', async () => {
    const { store, disk } = await openFile()
    await using _ = store
    const written = store.enqueue([aMessage()])
    await disk.began(1)
    const read = watched(store.deliveries({}))
    await turns(5)

    assert.equal(read.isOver, false)
    disk.answer()
    assert.equal((await read.end).rows.length, 1)
    await written
    assert.equal(disk.syncs, 1)
  })

  it('takes no sync when nothing was committed since the last one', async () => {
    const { store, disk } = await openFile()
    await using _ = store
    await disk.through(store.enqueue([aMessage()]))

    await store.deliveries({})
    await store.backlog()

    assert.equal(disk.syncs, 1)
  })

  it('takes one when another process has committed: it may not have asked the disk yet', async () => {
    const { store, disk, path } = await openFile()
    await using _ = store
    await disk.through(store.enqueue([aMessage()]))
    using other = new DatabaseSync(path)
    other.exec(`INSERT INTO hosts VALUES ('other', 0)`)

    const read = watched(store.deliveries({}))
    await disk.began(2)
    assert.equal(read.isOver, false)
    disk.answer()
    await read.end
    await store.deliveries({})

    assert.equal(disk.syncs, 2)
  })

  it('waits for nothing when it leads to a claim only, which waits itself', async () => {
    const { store, disk } = await openFile()
    await using _ = store
    const written = store.enqueue([aMessage()])
    await disk.began(1)

    assert.equal(await store.nextDueAt(['hooks/audit']), noon)

    disk.answer()
    await written
  })
})

describe('a SQLite store whose disk fails a sync', () => {
  it('stores nothing for those who wait for it, for those who came meanwhile and for those who come', async () => {
    const { store, disk, path } = await openFile()
    await using _ = store
    const waiting = hosts(501).map((host) => assert.rejects(store.beat(host, noon), refused))
    await disk.began(1)
    const meanwhile = assert.rejects(store.beat('b', noon), refused)
    const reading = assert.rejects(store.deliveries({}), refused)
    await turns(5)
    const before = hostsIn(path)

    disk.answer(new Error('input/output error'))

    await Promise.all([...waiting, meanwhile, reading])
    await assert.rejects(store.beat('c', noon), refused)
    await assert.rejects(store.audit([anAuditRow()]), refused)
    assert.ok(before > 500, 'some were committed meanwhile')
    assert.equal(hostsIn(path), before, 'nothing is written behind what may be missing')
    assert.equal(disk.syncs, 1, 'a second one may succeed without what the first one lost')
  })

  it('is not ready, and cannot be read, until it is opened anew', async () => {
    const { store, disk, clock, path } = await openFile()
    await disk.through(store.enqueue([aMessage()]))
    const refusal = assert.rejects(store.beat('a', noon), refused)
    await disk.began(2)
    disk.answer(new Error('input/output error'))
    await refusal

    await assert.rejects(async () => store.ready(), refused)
    await clock.advance(1000)
    await assert.rejects(async () => store.ready(), refused)
    await assert.rejects(store.ping(), refused)
    await assert.rejects(store.deliveries({}), refused)
    await store[Symbol.asyncDispose]()

    await using anew = new SqliteStore(await openDatabase(path, clock), path, clock)
    await anew.beat('a', noon)
    await anew.ready()
    assert.equal((await anew.deliveries({})).rows.length, 1)
  })
})

describe('the log of a SQLite store', () => {
  it('is synced by us, not within the commit', async () => {
    const database = await openDatabase(newPath(), new FakeClock())
    using log = openLog(database)

    assert.equal(synchronousOf(database), 1)
    database.exec(`INSERT INTO hosts VALUES ('a', 0)`)
    await log.sync()
    database.close()
  })

  it('is left to SQLite when the file has none', async () => {
    const database = new DatabaseSync(newPath())
    using log = openLog(database)

    assert.equal(synchronousOf(database), 2)
    await log.sync()
    database.close()
  })

  it('stays the same file through checkpoints, and when another process closes', async () => {
    const path = newPath()
    const clock = new FakeClock()
    await using store = new SqliteStore(await openDatabase(path, clock), path, clock)
    await store.enqueue([aMessage()])
    const before = statSync(`${path}-wal`).ino

    const other = new DatabaseSync(path)
    other.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    other.exec(`INSERT INTO hosts VALUES ('other', 0)`)
    other.close()
    await store.enqueue([aMessage()])

    assert.equal(statSync(`${path}-wal`).ino, before)
    assert.equal((await store.deliveries({})).rows.length, 2)
  })

  it('is found where the file is, not where a link to it is', async () => {
    const target = newPath()
    const link = newPath()
    symlinkSync(target, link)
    const clock = new FakeClock()
    await using store = new SqliteStore(await openDatabase(link, clock), link, clock)

    await store.enqueue([aMessage()])

    assert.equal((await store.deliveries({})).rows.length, 1)
  })

  it('begins anew when the store is opened after a crash', async () => {
    const path = newPath()
    const crashed = await openDatabase(path, new FakeClock())
    crashed.exec(`INSERT INTO hosts VALUES ('a', 0)`)

    const database = await openDatabase(path, new FakeClock())

    const row = database.prepare('PRAGMA wal_checkpoint(PASSIVE)').get()
    assert.equal(row?.['log'], row?.['checkpointed'])
    database.close()
    crashed.close()
  })

  it('is refused when it cannot be opened, and the file is let go', async () => {
    const path = newPath()
    const database = await openDatabase(path, new FakeClock())
    rmSync(`${path}-wal`)

    assert.throws(() => openLog(database), {
      code: 'STORE_UNAVAILABLE',
      message: /cannot be synced: ENOENT/,
    })
    assert.equal(database.isOpen, false)
  })
})

/** A disk that answers when it is told to. */
class SlowDisk implements Log {
  syncs = 0
  isClosed = false
  #pending = Promise.withResolvers<void>()

  sync(): Promise<void> {
    this.syncs += 1
    this.#pending = Promise.withResolvers()
    return this.#pending.promise
  }

  /** Resolves when so many syncs have begun. */
  async began(times: number): Promise<void> {
    while (this.syncs < times) await turns(1)
  }

  answer(error?: Error): void {
    if (error === undefined) this.#pending.resolve()
    else this.#pending.reject(error)
  }

  /** Lets a write through that takes one sync. */
  async through(write: Promise<void>): Promise<void> {
    await this.began(this.syncs + 1)
    this.answer()
    await write
  }

  [Symbol.dispose](): void {
    this.isClosed = true
  }
}

async function openFile(): Promise<{
  store: Store
  disk: SlowDisk
  clock: FakeClock
  path: string
}> {
  const path = newPath()
  const clock = new FakeClock()
  const disk = new SlowDisk()
  return {
    store: new SqliteStore(await openDatabase(path, clock), path, clock, disk),
    disk,
    clock,
    path,
  }
}

function hosts(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `host-${n}`)
}

function newPath(): string {
  return join(temporaryFolder(), 'store.db')
}

/** A promise of which can be told whether it is over. */
function watched<T>(promise: Promise<T>): { readonly end: Promise<T>; readonly isOver: boolean } {
  let isOver = false
  const end = promise.finally(() => {
    isOver = true
  })
  return {
    end,
    get isOver() {
      return isOver
    },
  }
}

/** What another process sees. */
function hostsIn(path: string): number {
  using other = new DatabaseSync(path, { readOnly: true })
  return Number(other.prepare('SELECT count(*) AS hosts FROM hosts').get()?.['hosts'])
}

function synchronousOf(database: DatabaseSync): unknown {
  return database.prepare('PRAGMA synchronous').get()?.['synchronous']
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
