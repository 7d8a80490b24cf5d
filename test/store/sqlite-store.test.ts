import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { aClaim, aDelivery, aMessage, aMessageTo, noon } from '../../src/store/contract/makers.ts'
import { testStore } from '../../src/store/contract.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { NewDelivery, Store } from '../../src/store/store.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { testStoreModel } from './store-model.ts'

const folder = temporaryFolder()
let opened = 0

testStore('sqlite:', openEmpty)
testStoreModel('sqlite:', openEmpty, 25)

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

function openEmpty(): Promise<Store> {
  opened += 1
  return openStore(`sqlite:${join(folder, `${opened}.db`)}`)
}
