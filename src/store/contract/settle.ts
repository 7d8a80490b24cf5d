import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { newDeliveryId } from '../../ids.ts'
import type { Settlement, Store } from '../store.ts'
import {
  aClaim,
  aClaimed,
  aMessage,
  anAttempt,
  anAuditRow,
  delivered,
  noon,
  second,
} from './makers.ts'

export function testSettle(open: () => Promise<Store>): void {
  describe('settle', () => {
    it('records the attempt and that it was delivered', async () => {
      await using store = await open()
      const claimed = await aClaimed(store)
      const attempt = anAttempt()

      assert.deepEqual(await store.settle([delivered(claimed, { attempt })]), [true])

      const found = await store.delivery(claimed.id)
      assert.equal(found?.delivery.state, 'delivered')
      assert.equal(found?.delivery.settledAt, noon + second)
      assert.equal(found?.delivery.attempts, 1)
      assert.deepEqual(JSON.stringify(found?.attempts, uint8), JSON.stringify([attempt], uint8))
    })

    it('keeps an attempt without an answer', async () => {
      await using store = await open()
      const claimed = await aClaimed(store)
      const attempt = anAttempt({
        outcome: 'retryable',
        phases: {},
        status: null,
        responseHeaders: null,
        responseBody: null,
        error: 'ECONNREFUSED',
      })

      await store.settle([delivered(claimed, { attempt, next: { kind: 'dead', reason: 'x' } })])

      assert.deepEqual((await store.delivery(claimed.id))?.attempts, [attempt])
    })

    it('makes it dead with a reason', async () => {
      await using store = await open()
      const claimed = await aClaimed(store)

      await store.settle([delivered(claimed, { next: { kind: 'dead', reason: '410 Gone' } })])

      const found = await store.delivery(claimed.id)
      assert.equal(found?.delivery.state, 'dead')
      assert.equal(found?.delivery.lastError, '410 Gone')
      assert.deepEqual(await store.claim(aClaim({ now: noon + 3600 * second })), [])
    })

    it('puts it off to be tried again, counting attempts', async () => {
      await using store = await open()
      const claimed = await aClaimed(store)
      const dueAt = noon + 5 * second

      await store.settle([
        delivered(claimed, { next: { kind: 'pending', dueAt, reason: 'answered 503' } }),
      ])

      const [again] = await store.claim(aClaim({ now: dueAt, owner: 'b' }))
      assert.equal(again?.attempts, 1)
      assert.equal(again?.lastError, 'answered 503')
      const attempt = anAttempt({ number: 2 })
      assert.deepEqual(await store.settle([delivered(claimed, { owner: 'b', attempt })]), [true])
      const found = await store.delivery(claimed.id)
      assert.deepEqual(
        found?.attempts.map((each) => each.number),
        [1, 2],
      )
      assert.equal(found?.delivery.attempts, 2)
    })

    it('counts no attempt when nothing was sent, and keeps the last error without a new one', async () => {
      await using store = await open()
      const claimed = await aClaimed(store)
      await store.settle([
        delivered(claimed, { next: { kind: 'pending', dueAt: noon, reason: 'answered 503' } }),
      ])
      await store.claim(aClaim())

      await store.settle([
        delivered(claimed, {
          attempt: null,
          next: { kind: 'pending', dueAt: noon + 0.5, reason: null },
        }),
      ])

      const found = await store.delivery(claimed.id)
      assert.equal(found?.delivery.state, 'pending')
      assert.equal(found?.delivery.attempts, 1)
      assert.equal(found?.delivery.lastError, 'answered 503')
      assert.equal(found?.delivery.dueAt, noon + 0.5)
    })

    it('settles once', async () => {
      await using store = await open()
      const claimed = await aClaimed(store)
      const dead = delivered(claimed, { next: { kind: 'dead', reason: 'late' } })

      assert.deepEqual(await store.settle([delivered(claimed), dead]), [true, false])
      assert.deepEqual(await store.settle([dead]), [false])

      const found = await store.delivery(claimed.id)
      assert.equal(found?.delivery.state, 'delivered')
      assert.equal(found?.delivery.lastError, null)
      assert.equal(found?.attempts.length, 1)
    })

    it('refuses what is not the caller’s, and records nothing of it', async () => {
      await using store = await open()
      const claimed = await aClaimed(store)
      const pending = aMessage()
      await store.enqueue([pending])
      const waiting = pending.deliveries[0]?.id ?? newDeliveryId()

      const settled = await store.settle([
        delivered(claimed, { owner: 'b' }),
        delivered({ id: waiting }),
        delivered({ id: newDeliveryId() }),
      ])

      assert.deepEqual(settled, [false, false, false])
      assert.equal((await store.delivery(claimed.id))?.delivery.state, 'sending')
      assert.deepEqual((await store.delivery(claimed.id))?.attempts, [])
      assert.deepEqual((await store.delivery(waiting))?.attempts, [])
    })
  })

  describe('the attempts of a settled delivery', () => {
    const ends: readonly Settlement['next'][] = [
      { kind: 'delivered' },
      { kind: 'dead', reason: 'gone' },
      { kind: 'cancelled', reason: 'recalled' },
    ]
    for (const { what, before, last, told } of [
      { what: 'come one after another', before: 1, last: 2, told: ['1: 500', '2: 204'] },
      {
        what: 'come in the order of their numbers',
        before: 2,
        last: 1,
        told: ['1: 204', '2: 500'],
      },
      { what: 'are the last of their numbers', before: 1, last: 1, told: ['1: 204'] },
      { what: 'stay when no other is made', before: 1, last: null, told: ['1: 500'] },
    ]) {
      it(what, async () => {
        await using store = await open()
        for (const next of ends) {
          const claimed = await aClaimed(store)
          const again = { kind: 'pending', dueAt: noon, reason: 'answered 500' } as const
          const earlier = anAttempt({ number: before, status: 500 })
          await store.settle([delivered(claimed, { attempt: earlier, next: again })])
          await store.claim(aClaim())
          const attempt = last === null ? null : anAttempt({ number: last, status: 204 })

          assert.deepEqual(await store.settle([delivered(claimed, { attempt, next })]), [true])

          const found = await store.delivery(claimed.id)
          assert.equal(found?.delivery.state, next.kind)
          assert.deepEqual(
            found?.attempts.map(({ number, status }) => `${number}: ${status}`),
            told,
          )
        }
      })
    }
  })

  describe('cancel', () => {
    it('settles what waits', async () => {
      await using store = await open()
      const message = aMessage()
      await store.enqueue([message])
      const id = message.deliveries[0]?.id ?? newDeliveryId()

      assert.equal(await store.cancel(id, noon + second), true)

      assert.equal((await store.delivery(id))?.delivery.state, 'cancelled')
      assert.equal((await store.delivery(id))?.delivery.settledAt, noon + second)
      assert.deepEqual(await store.claim(aClaim()), [])
      assert.equal(await store.cancel(id, noon), false)
    })

    it('is audited in the same commit, if it takes place', async () => {
      await using store = await open()
      const message = aMessage()
      await store.enqueue([message])
      const id = message.deliveries[0]?.id ?? newDeliveryId()
      const row = anAuditRow({ action: 'delivery.cancelled', entityId: id })

      assert.equal(await store.cancel(id, noon, [row]), true)
      assert.equal(await store.cancel(id, noon, [anAuditRow()]), false)

      assert.deepEqual((await store.auditTrail({})).rows, [row])
    })

    it('does not take place when its row of the audit trail is there already', async () => {
      await using store = await open()
      const message = aMessage()
      await store.enqueue([message])
      const id = message.deliveries[0]?.id ?? newDeliveryId()
      const row = anAuditRow()
      await store.audit([row])

      await assert.rejects(store.cancel(id, noon, [row]), { code: 'USAGE' })

      assert.equal((await store.delivery(id))?.delivery.state, 'pending')
    })

    it('leaves alone what is being sent, settled or unknown', async () => {
      await using store = await open()
      const claimed = await aClaimed(store)

      assert.equal(await store.cancel(claimed.id, noon), false)
      assert.deepEqual(await store.settle([delivered(claimed)]), [true])
      assert.equal(await store.cancel(claimed.id, noon), false)
      assert.equal(await store.cancel(newDeliveryId(), noon), false)
    })
  })
}

/** Byte arrays of any class alike. */
function uint8(_key: string, value: unknown): unknown {
  const isBuffer = typeof value === 'object' && value !== null && 'type' in value && 'data' in value
  if (!isBuffer || !Array.isArray(value.data)) return value
  return Object.fromEntries(value.data.map((byte, index) => [index, byte]))
}
