import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import type { MessageId } from '../../src/ids.ts'
import { aClaim, aMessageTo, delivered, noon } from '../../src/store/contract/makers.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import { connect, testPostgres } from '../helpers/postgres.ts'

const server = testPostgres({ fsync: false })
after(() => server[Symbol.asyncDispose]())

const later = noon + 1_000_000

describe('retention on PostgreSQL', () => {
  it('leaves a message that somebody holds this moment for the next time, and waits for nobody', async () => {
    const url = await server.database()
    await using store = await openStore(url)
    const [held] = await settled(store, 3)
    await using erasing = await connect(url)
    await erasing.query('BEGIN')
    await erasing.query('SELECT FROM carabiner.messages WHERE id = $1 FOR UPDATE', [held])

    assert.equal(await store.prune(later, 100), 2)
    await erasing.query('COMMIT')
    assert.equal(await store.prune(later, 100), 1)

    assert.deepEqual((await store.deliveries({})).rows, [])
    const { rows } = await erasing.query('SELECT FROM carabiner.messages')
    assert.equal(rows.length, 0)
  })

  it('and erasures of the same messages are not in each other’s way', async () => {
    const url = await server.database()
    await using store = await openStore(url)
    await using other = await openStore(url)
    const messages = await settled(store, 60)

    const erasures = messages.map((id) => store.erase({ kind: 'message', id }, later, 1))
    const prunes = [other.prune(later, 100), other.prune(later, 100)]

    // A deadlock that lasts is STORE_UNAVAILABLE.
    await Promise.all([...erasures, ...prunes])
    while ((await other.prune(later, 100)) > 0);
    assert.deepEqual((await store.deliveries({})).rows, [])
  })
})

/** Stores messages whose deliveries are done. Resolves to their ids. */
async function settled(store: Store, count: number): Promise<readonly MessageId[]> {
  await store.enqueue(Array.from({ length: count }, () => aMessageTo({ orderKey: null })))
  const claimed = await store.claim(aClaim({ owner: 'a', limit: count }))
  await store.settle(claimed.map((delivery) => delivered(delivery, { owner: 'a' })))
  return claimed.map(({ messageId }) => messageId)
}
