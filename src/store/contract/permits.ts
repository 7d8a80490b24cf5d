import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PermitRequest } from '../permits.ts'
import type { Store } from '../store.ts'
import { noon, second } from './makers.ts'

export function testPermits(open: () => Promise<Store>): void {
  describe('permits', () => {
    it('are so many in each window', async () => {
      await using store = await open()

      const first = await store.takePermits('k', aRequest())
      const more = await store.takePermits('k', aRequest({ now: noon + 999, wanted: 5 }))
      const none = await store.takePermits('k', aRequest({ now: noon + 999 }))
      const next = await store.takePermits('k', aRequest({ now: noon + second }))

      assert.deepEqual(first, { granted: 1, remaining: 3, resetsAt: noon + second })
      assert.deepEqual(more, { granted: 3, remaining: 0, resetsAt: noon + second })
      assert.deepEqual(none, { granted: 0, remaining: 0, resetsAt: noon + second })
      assert.deepEqual(next, { granted: 1, remaining: 3, resetsAt: noon + 2 * second })
    })

    it('of one key are not those of another', async () => {
      await using store = await open()
      await store.takePermits('k', aRequest({ wanted: 4 }))

      assert.equal((await store.takePermits('l', aRequest({ wanted: 4 }))).granted, 4)
    })

    it('are none when the limit has become less than what was taken', async () => {
      await using store = await open()
      await store.takePermits('k', aRequest({ wanted: 4 }))

      const { granted, remaining } = await store.takePermits('k', aRequest({ limit: 2 }))

      assert.deepEqual([granted, remaining], [0, 0])
    })

    it('are counted in its own window for a host whose clock is behind', async () => {
      await using store = await open()
      await store.takePermits('k', aRequest({ now: noon - 1, wanted: 3 }))
      await store.takePermits('k', aRequest({ now: noon, wanted: 2 }))

      const behind = await store.takePermits('k', aRequest({ now: noon - 1, wanted: 3 }))
      const ahead = await store.takePermits('k', aRequest({ now: noon, wanted: 3 }))

      assert.deepEqual([behind.granted, ahead.granted], [1, 2])
    })

    it('are given to one caller each, whoever asks at the same time', async () => {
      await using store = await open()

      const given = await Promise.all(
        Array.from({ length: 30 }, () => store.takePermits('k', aRequest({ limit: 20 }))),
      )

      const granted = given.map((each) => each.granted)
      assert.equal(
        granted.reduce((sum, each) => sum + each, 0),
        20,
      )
    })
  })
}

function aRequest(fields: Partial<PermitRequest> = {}): PermitRequest {
  return { now: noon, wanted: 1, limit: 4, windowMs: second, ...fields }
}
