import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { explainFault, isSound } from '../../src/audit/verdict.ts'
import { type VerifyOptions, verifyAudit } from '../../src/audit/verify-audit.ts'
import type { AuditWriterOptions } from '../../src/store/audit-writer.ts'
import { aMessage, anAuditRow, aPut, noon, second } from '../../src/store/contract/makers.ts'
import type { Store } from '../../src/store/store.ts'

const key = 'a key that only the host knows'

/** What a store does with the chains of its audit trail. @param openers - of one empty store, any number of times where it can be shared */
export function testAuditChains(
  name: string,
  emptyStore: () => Promise<(audit?: AuditWriterOptions) => Promise<Store>>,
): void {
  describe(`audit chains of ${name}`, () => {
    it('hold rows of every way in, in the order in which they were committed', async () => {
      const open = await emptyStore()
      await using store = await open({ writer: 'shop', keys: [key] })
      const rows = Array.from({ length: 6 }, (_, index) => anAuditRow({ entityId: `${index}` }))
      const [a, b, c, d, e, f] = rows
      assert.ok(a && b && c && d && e && f)

      await store.audit([a, b])
      await store.enqueue([aMessage()], undefined, { audit: [c] })
      await store.enqueue([], undefined, { audit: [d], records: [aPut('x')] })
      await Promise.all([store.audit([e]), store.audit([f])])

      const verdict = await verified(store)
      const [chain] = verdict.chains
      assert.equal(chain?.rows, 6)
      assert.match(chain.chain, /^shop@[0-9a-f]{8}$/)
      const stored = await store.chainedRows(chain.chain, 0, 10)
      assert.deepEqual(
        stored.map(({ position, row }) => [position, row.entityId]),
        rows.map(({ entityId }, index) => [index + 1, entityId]),
      )
    })

    it('have no gap where a write was refused', async () => {
      const open = await emptyStore()
      await using store = await open()
      const row = anAuditRow()
      await store.audit([row])

      const results = await Promise.allSettled([
        store.audit([anAuditRow()]),
        store.audit([anAuditRow(), row]),
        store.enqueue([], undefined, {
          records: [aPut('a', { expects: 7 })],
          audit: [anAuditRow()],
        }),
        store.audit([anAuditRow()]),
      ])

      assert.deepEqual(
        results.map(({ status }) => status),
        ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
      )
      assert.equal((await verified(store)).rows, 3)
    })

    it('verify whatever the texts hold', async () => {
      const open = await emptyStore()
      await using store = await open()
      const odd = '\0 \ud800 \u2028 "\\ é 漢 😀'

      await store.audit([
        anAuditRow({ entityType: odd, entityId: odd, action: odd, actor: odd }),
        anAuditRow({ details: { [odd]: odd, list: [1.1, null, { a: -0 }] }, createdAt: 0.1 + 0.2 }),
      ])

      assert.equal((await verified(store)).rows, 2)
    })

    it('begin where retention has cut them, and nowhere else', async () => {
      const open = await emptyStore()
      await using store = await open()
      const ages = [9, 8, 3, 7, 2]
      for (const age of ages) {
        await store.audit([anAuditRow({ createdAt: noon - age * second, entityId: `${age}` })])
      }

      // The row of 7 s ago was written behind one of 3 s ago, and goes with that.
      assert.deepEqual(await store.pruneAudit(noon - 5 * second, 1), { removed: 1, refused: [] })
      assert.deepEqual(await store.pruneAudit(noon - 5 * second, 9), { removed: 1, refused: [] })
      assert.deepEqual(await store.pruneAudit(noon - 5 * second, 9), { removed: 0, refused: [] })
      await store.audit([anAuditRow()])

      const verdict = await verified(store)
      assert.deepEqual([verdict.rows, verdict.chains[0]?.removed], [4, 2])
      assert.equal(verdict.chains[0]?.since, noon - 3 * second)
      assert.deepEqual(await store.pruneAudit(noon + 1, 9), { removed: 4, refused: [] })
      assert.equal((await verified(store)).chains[0]?.removed, 6)
      await store.audit([anAuditRow()])
      assert.equal((await verified(store)).rows, 1)
    })

    it('are cut by more than fits one transaction, and verified while they are cut and extended', async () => {
      const open = await emptyStore()
      await using store = await open()
      const many = (): Promise<void> => store.audit(Array.from({ length: 300 }, () => anAuditRow()))
      for (let index = 0; index < 5; index += 1) await many()

      const [verdict] = await Promise.all([
        verifyAudit(store),
        store.pruneAudit(noon + 1, 1_100),
        many(),
      ])

      assert.deepEqual(verdict.faults.map(explainFault), [])
      const after = await verified(store)
      assert.deepEqual([after.rows, after.chains[0]?.removed], [700, 1_100])
    })

    it('end when the key changes, and others begin', async () => {
      const open = await emptyStore()
      await using store = await open({ keys: [key] })
      await store.audit([anAuditRow(), anAuditRow()])
      if (!store.durable) return
      await using next = await open({ keys: ['the key that comes next', key] })
      await next.audit([anAuditRow()])

      const keys = ['the key that comes next', key]
      const verdict = await verified(next, { keys })
      assert.deepEqual(verdict.chains.map(({ rows }) => rows).sort(), [1, 2])
      const partly = await verifyAudit(next, { keys: keys.slice(0, 1) })
      assert.deepEqual(partly.chains.map((chain) => chain.key).sort(), ['given', 'unknown'])
      assert.ok(!isSound(partly))
      // Who has the older key, too, cuts its chain with the new one.
      assert.deepEqual(await next.pruneAudit(noon + 1, 9), { removed: 3, refused: [] })
      await verified(next, { keys })
    })
  })
}

/** The verdict on a trail that has to be sound. */
export async function verified(store: Store, options: VerifyOptions = { keys: [key] }) {
  const verdict = await verifyAudit(store, options)
  assert.deepEqual(verdict.faults.map(explainFault), [])
  assert.ok(isSound(verdict))
  return verdict
}
