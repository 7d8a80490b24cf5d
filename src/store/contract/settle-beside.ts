import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { newDeliveryId } from '../../ids.ts'
import type { Beside } from '../beside.ts'
import type { ClaimedDelivery, Settlement, Store } from '../store.ts'
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
  second,
} from './makers.ts'

export function testSettleBeside(open: () => Promise<Store>): void {
  describe('what is committed beside a settlement', () => {
    it('is written with it, whatever comes next', async () => {
      await using store = await open()
      const nexts: readonly Settlement['next'][] = [
        { kind: 'delivered' },
        { kind: 'dead', reason: '410 Gone' },
        { kind: 'cancelled', reason: 'vetoed' },
        { kind: 'pending', dueAt: noon + second, reason: '503' },
      ]
      const claimed = await someClaimed(store, nexts.length)
      const rows = nexts.map(() => anAuditRow())
      await store.writeRecords([aPut('n', { value: { n: 0 } })])

      const settled = await store.settle(
        claimed.map((each, index) => {
          const next = nexts[index] ?? { kind: 'delivered' }
          const records = [aPut(next.kind), aPatch('n', { add: { n: 1 } })]
          return delivered(each, {
            next,
            beside: { records, audit: rows.slice(index, index + 1) },
          })
        }),
      )

      assert.deepEqual(settled, [true, true, true, true])
      assert.deepEqual(
        await versionsOf(
          store,
          nexts.map(({ kind }) => kind),
        ),
        [1, 1, 1, 1],
      )
      assert.deepEqual((await store.records('c/things', ['n']))[0]?.value, { n: 4 })
      assert.deepEqual(await auditIds(store), rows.map(({ id }) => id).reverse())
      const found = await Promise.all(claimed.map(({ id }) => store.delivery(id)))
      assert.deepEqual(
        found.map((each) => [each?.delivery.state, each?.delivery.lastError]),
        [
          ['delivered', null],
          ['dead', '410 Gone'],
          ['cancelled', 'vetoed'],
          ['pending', '503'],
        ],
      )
      assert.equal(found[2]?.delivery.settledAt, noon + second)
    })

    it('is not written when the settlement is not the owner’s; the others are', async () => {
      await using store = await open()
      const [ours, others] = await two(store)
      const beside = (name: string): Beside => ({ records: [aPut(name)], audit: [anAuditRow()] })

      const settled = await store.settle([
        delivered(others, { owner: 'b', beside: beside('stolen') }),
        delivered(ours, { beside: beside('ours') }),
        delivered(ours, { beside: beside('twice') }),
        delivered({ id: newDeliveryId() }, { beside: beside('unknown') }),
        delivered(others),
      ])

      assert.deepEqual(settled, [false, true, false, false, true])
      const names = ['stolen', 'ours', 'twice', 'unknown']
      assert.deepEqual(await versionsOf(store, names), [undefined, 1, undefined, undefined])
      assert.equal((await auditIds(store)).length, 1)
    })

    it('goes to the one who has the lease, when another one comes first', async () => {
      await using store = await open()
      const claimed = await aClaimed(store)

      const settled = await store.settle([
        delivered(claimed, { owner: 'b', beside: { records: [aPut('b')] } }),
        delivered(claimed, { owner: 'a', beside: { records: [aPut('a')] } }),
      ])

      assert.deepEqual(settled, [false, true])
      assert.deepEqual(await versionsOf(store, ['a', 'b']), [1, undefined])
    })

    it('leaves everything of its call as it was when a record conflicts, or an audit row', async () => {
      await using store = await open()
      const [first, other] = await two(store)
      const row = anAuditRow()
      await store.enqueue([], undefined, { records: [aPut('there')], audit: [row] })
      const good = { records: [aPut('good', { unique: ['u'] })], audit: [anAuditRow()] }
      const bad = { records: [aPut('there', { expects: 'absent' as const })] }

      const conflict = store.settle([
        delivered(first, { beside: good }),
        delivered(other, { beside: bad }),
      ])
      await assert.rejects(conflict, { code: 'RECORD_CONFLICT', id: 'there', conflict: 'exists' })
      const refused = store.settle([
        delivered(first, { beside: good }),
        delivered(other, { beside: { audit: [row] } }),
      ])
      await assert.rejects(refused, { code: 'USAGE' })
      const unknown = store.settle([delivered(first, { beside: { records: [aPut('')] } })])
      await assert.rejects(unknown, { code: 'USAGE' })

      assert.deepEqual(await versionsOf(store, ['good', 'there']), [undefined, 1])
      assert.deepEqual(await auditIds(store), [row.id])
      assert.deepEqual((await store.delivery(first.id))?.attempts, [])
      const again = [delivered(first, { beside: good }), delivered(other)]
      assert.deepEqual(await store.settle(again), [true, true])
    })

    it('does not conflict where the settlement is not the owner’s', async () => {
      await using store = await open()
      const claimed = await aClaimed(store)
      await store.writeRecords([aPut('there')])
      const beside = { records: [aPut('there', { expects: 'absent' as const })] }

      const settled = store.settle([
        delivered({ id: newDeliveryId() }, { beside }),
        delivered(claimed),
      ])

      assert.deepEqual(await settled, [false, true])
    })

    it('is chained in the audit trail with all other rows, of callers at the same time', async () => {
      await using store = await open()
      const claimed = await someClaimed(store, 12)

      await Promise.all(
        claimed.flatMap((each) => [
          store.settle([delivered(each, { beside: { audit: [anAuditRow()] } })]),
          store.audit([anAuditRow()]),
          store.enqueue([aMessageTo({})], undefined, { audit: [anAuditRow()] }),
        ]),
      )

      const { chains } = await store.auditChains()
      assert.deepEqual(
        chains.map(({ head }) => head.position),
        [36],
      )
      const [chain] = chains
      const rows = await store.chainedRows(chain?.name ?? '', 0, 100)
      assert.deepEqual(new Set(rows.map(({ row }) => row.id)), new Set(await auditIds(store)))
    })

    it('is nothing of what the caller goes on using', async () => {
      await using store = await open()
      const claimed = await aClaimed(store)
      const value = { list: [1] }
      const records = [aPut('a', { value })]

      const settled = store.settle([delivered(claimed, { beside: { records } })])
      value.list.push(2)
      records.push(aPut('b'))
      await settled

      assert.deepEqual((await store.records('c/things', ['a', 'b']))[0]?.value, { list: [1] })
      assert.deepEqual(await versionsOf(store, ['a', 'b']), [1, undefined])
    })

    it('lets the next delivery of an order key go', async () => {
      await using store = await open()
      const claimed = await aClaimed(store, { orderKey: 'k' })
      await store.enqueue([aMessageTo({ orderKey: 'k' })])

      const next = { kind: 'cancelled', reason: 'vetoed' } as const
      await store.settle([
        delivered(claimed, { attempt: null, next, beside: { records: [aPut('a')] } }),
      ])

      assert.equal((await store.claim(aClaim())).length, 1)
      assert.deepEqual((await store.delivery(claimed.id))?.attempts, [])
    })

    it('may be of many at once', async () => {
      await using store = await open()
      const claimed = await someClaimed(store, 500)
      const names = claimed.map((_, index) => `${index}`)
      await store.writeRecords([...names, 'n'].map((name) => aPut(name, { value: { n: 0 } })))

      const settled = await store.settle(
        claimed.map((each, index) =>
          delivered(each, {
            attempt: anAttempt(),
            beside: {
              records: [
                aPatch(`${index}`, { set: { state: 'done' }, add: { n: 1 } }),
                aPut(`attempt ${index}`),
                aPatch('n', { add: { n: 1 } }),
              ],
              audit: [anAuditRow()],
            },
          }),
        ),
      )

      assert.ok(settled.every((ours) => ours))
      const records = await store.records('c/things', names)
      assert.ok(records.every((record) => record?.version === 2))
      assert.deepEqual((await store.records('c/things', ['n']))[0]?.value, { n: 500 })
    })
  })
}

async function someClaimed(store: Store, count: number): Promise<ClaimedDelivery[]> {
  await store.enqueue(Array.from({ length: count }, () => aMessageTo({})))
  return store.claim(aClaim({ limit: count }))
}

async function two(store: Store): Promise<readonly [ClaimedDelivery, ClaimedDelivery]> {
  const [one, other] = await someClaimed(store, 2)
  if (one === undefined || other === undefined) throw new TypeError('two were stored')
  return [one, other]
}

async function versionsOf(
  store: Store,
  ids: readonly string[],
): Promise<readonly (number | undefined)[]> {
  const records = await store.records('c/things', ids)
  return records.map((record) => record?.version)
}

async function auditIds(store: Store): Promise<string[]> {
  const { rows } = await store.auditTrail({ limit: 100 })
  return rows.map(({ id }) => id)
}
