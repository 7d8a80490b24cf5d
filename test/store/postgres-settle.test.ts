import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import type { Client } from 'pg'
import {
  aClaim,
  aClaimed,
  aMessageTo,
  anAttempt,
  anAuditRow,
  aPatch,
  aPut,
  delivered,
  noon,
} from '../../src/store/contract/makers.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Settlement, Store } from '../../src/store/store.ts'
import { connect, testPostgres } from '../helpers/postgres.ts'

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

describe('a settlement on PostgreSQL', () => {
  it('is made of a delivery that is renewed at this moment', async () => {
    const url = await server.database()
    await using store = await openStore(url)
    await store.enqueue(Array.from({ length: 3 }, () => aMessageTo({ orderKey: null })))
    const claimed = await store.claim(aClaim({ owner: 'a', limit: 3 }))
    await using renewing = await connect(url)
    await renewing.query('BEGIN')
    const renewed = await renewing.query(
      'UPDATE carabiner.deliveries SET lease_until = lease_until + 1 WHERE id = $1',
      [claimed[1]?.id],
    )
    assert.equal(renewed.rowCount, 1)

    const settling = store.settle(claimed.map((delivery) => delivered(delivery, { owner: 'a' })))
    await isWaitedFor(renewing)
    await renewing.query('COMMIT')

    assert.deepEqual(await settling, [true, true, true])
    const { rows } = await store.deliveries({ limit: 10 })
    assert.deepEqual(
      rows.map(({ state, attempts }) => [state, attempts]),
      Array.from({ length: 3 }, () => ['delivered', 1]),
    )
  })

  it('replaces the attempt that was recorded under the same number, and no other', async () => {
    await using store = await openStore(await server.database())
    await store.enqueue([aMessageTo({ orderKey: null })])
    const tries = [anAttempt({ status: 500 }), anAttempt({ number: 2, status: 501 })]
    for (const attempt of [...tries, anAttempt({ number: 2, status: 502 })]) {
      const [delivery] = await store.claim(aClaim({ owner: 'a', limit: 1 }))
      assert.ok(delivery)
      const next = { kind: 'pending', dueAt: noon, reason: 'again' } as const
      await store.settle([{ id: delivery.id, owner: 'a', attempt, at: noon, next }])
    }

    const [row] = (await store.deliveries({ limit: 1 })).rows
    assert.ok(row)
    const found = await store.delivery(row.id)
    assert.equal(found?.delivery.attempts, 2)
    assert.deepEqual(
      found.attempts.map(({ number, status }) => [number, status]),
      [
        [1, 500],
        [2, 502],
      ],
    )
  })
})

describe('the attempt that concludes a delivery on PostgreSQL', () => {
  it('stands with it, and not apart', async () => {
    const url = await server.database()
    await using store = await openStore(url)
    const claimed = await aClaimed(store)
    const again = { kind: 'pending', dueAt: noon, reason: 'again' } as const
    await store.settle([delivered(claimed, { next: again })])
    await store.claim(aClaim())

    await store.settle([delivered(claimed, { attempt: anAttempt({ number: 2 }) })])

    const told = (await store.delivery(claimed.id))?.attempts.map(({ number }) => number)
    await using client = await connect(url)
    const apart = await client.query('SELECT number FROM carabiner.attempts')
    assert.deepEqual([told, apart.rows], [[1, 2], [{ number: 1 }]])
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

/** Resolves when somebody waits for what a transaction of `client` has changed. */
async function isWaitedFor(client: Client): Promise<void> {
  for (;;) {
    const { rows } = await client.query(
      'SELECT FROM pg_stat_activity WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))',
    )
    if (rows.length > 0) return
    await new Promise((resolve) => setImmediate(resolve))
  }
}
