import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Store } from '../store.ts'
import { noon } from './makers.ts'

export function testRate(open: () => Promise<Store>): void {
  describe('places in time', () => {
    it('follow one another, none before now', async () => {
      await using store = await open()
      const take = (now: number, count = 1): Promise<number> =>
        store.takeSlots('h/a', { count, intervalMs: 20, now })

      assert.equal(await take(noon), noon)
      assert.equal(await take(noon, 3), noon + 20)
      assert.equal(await take(noon + 50), noon + 80)
      assert.equal(await take(noon + 500), noon + 500, 'what was not used is not saved up')
      assert.equal(await take(noon), noon + 520, 'nor given again when a clock is behind')
    })

    it('may lie between two milliseconds', async () => {
      await using store = await open()
      await store.takeSlots('h/a', { count: 1, intervalMs: 0.5, now: noon })

      assert.equal(
        await store.takeSlots('h/a', { count: 1, intervalMs: 0.5, now: noon }),
        noon + 0.5,
      )
    })

    it('of one endpoint are not those of another', async () => {
      await using store = await open()
      await store.takeSlots('h/a', { count: 100, intervalMs: 1000, now: noon })

      assert.equal(await store.takeSlots('h/b', { count: 1, intervalMs: 1000, now: noon }), noon)
    })

    it('are given to one caller each, whoever asks at the same time', async () => {
      await using store = await open()
      const counts = [3, 1, 5, 2, 4, 1, 1, 8]

      const firsts = await Promise.all(
        counts.map((count) => store.takeSlots('h/a', { count, intervalMs: 10, now: noon })),
      )

      const given = firsts.flatMap((first, index) =>
        Array.from({ length: counts[index] ?? 0 }, (_, place) => first + place * 10),
      )
      const all = Array.from({ length: 25 }, (_, place) => noon + place * 10)
      assert.deepEqual(
        given.sort((a, b) => a - b),
        all,
      )
    })
  })
}
