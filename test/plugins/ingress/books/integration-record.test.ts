import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { IntegrationBook } from '../../../../plugins/ingress/books/integration-record.ts'
import { integrationIdOf } from '../../../../plugins/ingress/books/name-id.ts'
import { systemClock } from '../../../../src/clock.ts'
import { MemoryStore } from '../../../../src/store/memory/memory-store.ts'

const acme = {
  id: integrationIdOf('acme'),
  callbackUrl: 'https://example.com/acme?token=of-acme',
  active: true,
}
const globex = { id: integrationIdOf('globex'), callbackUrl: 'https://example.com/', active: true }

describe('since when integrations are known', () => {
  it('is remembered from one host to the next', async () => {
    await using store = new MemoryStore(systemClock)

    const first = await new IntegrationBook(store).note([acme], 1_000)
    const second = await new IntegrationBook(store).note([globex, acme], 2_000)

    assert.deepEqual(first, [{ createdAt: 1_000, updatedAt: 1_000 }])
    assert.deepEqual(second, [{ createdAt: 2_000, updatedAt: 2_000 }, ...first])
  })

  it('says when one was changed', async () => {
    await using store = new MemoryStore(systemClock)
    const book = new IntegrationBook(store)
    await book.note([acme], 1_000)

    const [off] = await book.note([{ ...acme, active: false }], 2_000)
    const [moved] = await book.note([{ ...acme, callbackUrl: 'https://example.com/x' }], 3_000)

    assert.deepEqual(off, { createdAt: 1_000, updatedAt: 2_000 })
    assert.deepEqual(moved, { createdAt: 1_000, updatedAt: 3_000 })
  })

  it('is the same for hosts that start together, and keeps nothing of a URL', async () => {
    await using store = new MemoryStore(systemClock)
    const book = new IntegrationBook(store)

    const [one, other] = await Promise.all([book.note([acme], 1_000), book.note([acme], 1_001)])

    assert.equal(one[0]?.createdAt, other[0]?.createdAt)
    const [record] = await store.records('integrations', [acme.id])
    assert.equal(record?.version, 1)
    assert.doesNotMatch(JSON.stringify(record), /example|of-acme/)
  })
})
