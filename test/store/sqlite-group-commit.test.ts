import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { aMessage, anAuditRow, noon } from '../../src/store/contract/makers.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
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

  it('take one each when each waits for the one before', async () => {
    const { store, commits } = await openFile()
    await using _ = store
    const before = commits()

    await store.beat('a', noon)
    await store.beat('b', noon)

    assert.equal(commits() - before, 2)
  })
})

async function openFile(): Promise<{ store: Store; commits: () => number }> {
  const path = join(temporaryFolder(), 'store.db')
  const store = await openStore(`sqlite:${path}`)
  return { store, commits: () => commitsIn(readFileSync(`${path}-wal`)) }
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
