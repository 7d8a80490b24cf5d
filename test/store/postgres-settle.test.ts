import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import {
  aClaim,
  aMessageTo,
  anAuditRow,
  aPatch,
  aPut,
  delivered,
} from '../../src/store/contract/makers.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Settlement, Store } from '../../src/store/store.ts'
import { testPostgres } from '../helpers/postgres.ts'

const server = testPostgres({ fsync: false })
after(() => server[Symbol.asyncDispose]())

const each = 100

describe('settlements of two hosts on one PostgreSQL, with what stands beside them', () => {
  it('are made once, by whoever has the lease, and all that stands beside them is there once', async () => {
    const url = await server.database()
    await using one = await openStore(url, { audit: { writer: 'one' } })
    await using other = await openStore(url, { audit: { writer: 'other' } })
    await one.writeRecords([aPut('n', { value: { n: 0 } })])
    await one.enqueue(Array.from({ length: 2 * each }, () => aMessageTo({ orderKey: null })))
    const ofOne = await settlementsOf(one, 'a')
    const ofOther = await settlementsOf(other, 'b')

    // Each tries to settle the other's, too, in the other order.
    const results = await Promise.all([
      one.settle([...ofOne, ...stolen(ofOther, 'a')]),
      other.settle([...stolen(ofOne, 'b').reverse(), ...ofOther.toReversed()]),
    ])

    assert.deepEqual(
      results.map((ours) => ours.filter((isOurs) => isOurs).length),
      [each, each],
    )
    assert.deepEqual((await one.records('c/things', ['n']))[0]?.value, { n: 2 * each })
    const { rows } = await one.auditTrail({ limit: 1_000 })
    assert.equal(rows.length, 2 * each)
    assert.ok(rows.every(({ action }) => action === 'told'))
    const { chains } = await one.auditChains()
    assert.deepEqual(
      chains.map(({ head }) => head.position),
      [each, each],
    )
  })
})

async function settlementsOf(store: Store, owner: string): Promise<Settlement[]> {
  const claimed = await store.claim(aClaim({ owner, limit: each }))
  return claimed.map((delivery) =>
    delivered(delivery, {
      owner,
      beside: {
        records: [aPut(delivery.id, { expects: 'absent' }), aPatch('n', { add: { n: 1 } })],
        audit: [anAuditRow({ action: 'told' })],
      },
    }),
  )
}

function stolen(settlements: readonly Settlement[], owner: string): Settlement[] {
  return settlements.map((settlement) => ({
    ...settlement,
    owner,
    beside: { records: [aPatch('n', { add: { n: 1 } })], audit: [anAuditRow()] },
  }))
}
