import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { newMessageId } from '../../ids.ts'
import type { Store } from '../store.ts'
import { aClaim, aDelivery, aMessage, aMessageTo, delivered, noon } from './makers.ts'

const none = { pending: 0, sending: 0, delivered: 0, dead: 0, cancelled: 0, attempted: 0 }

export function testTally(open: () => Promise<Store>): void {
  describe('tally', () => {
    it('tells how the deliveries of each message stand, in the order asked for', async () => {
      await using store = await open()
      const to = (endpoint: string): ReturnType<typeof aDelivery> => aDelivery({ endpoint })
      const names = ['h/ok', 'h/dead', 'h/again', 'h/cancelled', 'h/sending', 'h/waiting']
      const message = aMessage({ deliveries: names.map(to) })
      const other = aMessageTo({ endpoint: 'h/other' })
      await store.enqueue([message, other])
      const claim = async (endpoint: string): Promise<{ id: (typeof ids)[number] }> => {
        const [claimed] = await store.claim(aClaim({ endpoint }))
        assert.ok(claimed)
        return claimed
      }
      const ids = message.deliveries.map(({ id }) => id)
      await store.settle([
        delivered(await claim('h/ok')),
        delivered(await claim('h/dead'), { next: { kind: 'dead', reason: 'x' }, attempt: null }),
        delivered(await claim('h/again'), {
          next: { kind: 'pending', dueAt: noon, reason: 'x' },
        }),
      ])
      await claim('h/sending')
      await store.cancelWaiting('h/cancelled', 'x', noon)

      const tallies = await store.tally([other.id, newMessageId(), message.id])

      const whole = { pending: 2, sending: 1, delivered: 1, dead: 1, cancelled: 1, attempted: 2 }
      assert.deepEqual(tallies, [{ ...none, pending: 1 }, none, whole])
      assert.deepEqual(await store.tally([]), [])
    })

    it('is of at most 1,000 messages', async () => {
      await using store = await open()
      const ids = Array.from({ length: 1001 }, newMessageId)

      assert.equal((await store.tally(ids.slice(1))).length, 1000)
      await assert.rejects(store.tally(ids), { code: 'USAGE' })
    })
  })
}
