import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type Clock, systemClock } from '../../src/clock.ts'
import { aMessage, anAuditRow, noon } from '../../src/store/contract/makers.ts'
import { openDatabase } from '../../src/store/sqlite/database.ts'
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import type { Store } from '../../src/store/store.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

describe('writes of a SQLite store', () => {
  it('share one commit when they are asked for in the same turn', async () => {
    const { store, commits } = await openFile()
    await using _ = store
    const before = commits()

    await Promise.all([
      ...Array.from({ length: 100 }, () => store.enqueue([aMessage()])),
      store.beat('a', noon),
      store.updateEndpoint('h/a', { consecutiveFailures: 1 }),
      store.audit([anAuditRow()]),
    ])

    assert.equal(commits() - before, 1)
  })

  it('share it also when one of them fails by itself', async () => {
    const { store, commits } = await openFile()
    await using _ = store
    const known = aMessage()
    await store.enqueue([known])
    const before = commits()

    const results = await Promise.allSettled([
      store.enqueue([aMessage()]),
      store.enqueue([{ ...aMessage(), deliveries: known.deliveries }]),
      store.enqueue([aMessage()]),
    ])

    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
    assert.equal(commits() - before, 1)
  })

  it('take another commit beyond 500 calls', async () => {
    const { store, commits } = await openFile()
    await using _ = store
    const before = commits()

    await Promise.all(Array.from({ length: 501 }, (_, index) => store.beat(`host-${index}`, noon)))

    assert.equal(commits() - before, 2)
  })

  it('take another commit after 4 ms, and nothing is forgotten on the way', async () => {
    const { store, commits } = await openFile(slowClock())
    await using _ = store
    const before = commits()
    const messages = Array.from({ length: 10 }, () => aMessage())

    await Promise.all(messages.map((message) => store.enqueue([message])))

    assert.equal(commits() - before, 3, '4, 4 and 2')
    const stored = (await store.deliveries({})).rows.map((row) => row.messageId)
    assert.deepEqual(stored.toSorted(), messages.map(({ id }) => id).toSorted())
  })

  it('keep their order when there is time for some of them only', async () => {
    const { store } = await openFile(slowClock())
    await using _ = store

    await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        store.updateEndpoint('h/a', n % 2 === 0 ? { lastSuccessAt: n } : { lastErrorAt: n }),
      ),
    )

    const [state] = await store.endpointStates()
    assert.deepEqual([state?.lastSuccessAt, state?.lastErrorAt], [8, 9])
  })

  it('fail alone, whichever of the commits they would be in', async () => {
    const { store } = await openFile(slowClock())
    await using _ = store
    const known = aMessage()
    await store.enqueue([known])
    const writes = Array.from({ length: 10 }, (_, n) =>
      n % 5 === 2 ? { ...aMessage(), deliveries: known.deliveries } : aMessage(),
    )

    const results = await Promise.allSettled(writes.map((message) => store.enqueue([message])))

    assert.deepEqual(
      results.map(({ status }) => status === 'rejected'),
      writes.map((_, n) => n % 5 === 2),
    )
    assert.equal((await store.deliveries({})).rows.length, 9)
  })

  it('take one each when each waits for the one before', async () => {
    const { store, commits } = await openFile()
    await using _ = store
    const before = commits()

    await store.beat('a', noon)
    await store.beat('b', noon)

    assert.equal(commits() - before, 2)
  })
})

/** @param clock - stands still unless told otherwise, so that the machine's pace changes nothing */
async function openFile(
  clock: Clock = new FakeClock(),
): Promise<{ store: Store; commits: () => number }> {
  const path = join(temporaryFolder(), 'store.db')
  const store = new SqliteStore(await openDatabase(path, clock), path, clock)
  return { store, commits: () => commitsIn(readFileSync(`${path}-wal`)) }
}

/** A millisecond goes by whenever somebody looks. */
function slowClock(): Clock {
  let ms = 0
  return { ...systemClock, monotonic: () => ++ms }
}

/** Commits in a write-ahead log: frames that tell the size of the database, https://sqlite.org/fileformat2.html#walformat */
function commitsIn(log: Buffer): number {
  const headerBytes = 32
  const frameBytes = 24 + log.readUInt32BE(8)
  let commits = 0
  for (let at = headerBytes; at < log.length; at += frameBytes) {
    if (log.readUInt32BE(at + 4) !== 0) commits += 1
  }
  return commits
}
