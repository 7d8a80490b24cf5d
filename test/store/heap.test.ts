import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Heap } from '../../src/store/memory/heap.ts'

describe('a heap whose items may die', () => {
  it('gives the living in order, whatever died while it waited', () => {
    const items = fc.array(fc.record({ rank: fc.nat(50), dies: fc.boolean() }), { maxLength: 80 })
    fc.assert(
      fc.property(items, (given) => {
        const dead = new Set<object>()
        const heap = new Heap<(typeof given)[number]>(
          (a, b) => a.rank < b.rank,
          (item) => !dead.has(item),
        )
        for (const item of given) heap.push(item)
        for (const item of given.filter(({ dies }) => dies)) {
          dead.add(item)
          heap.buried()
        }

        const ranks = given.filter(({ dies }) => !dies).map(({ rank }) => rank)
        const popped = ranks.map(() => heap.pop()?.rank)

        assert.deepEqual(
          popped,
          ranks.sort((a, b) => a - b),
        )
        assert.equal(heap.pop(), undefined)
      }),
    )
  })

  it('never keeps more dead than living', () => {
    const dead = new Set<number>()
    const heap = new Heap<number>(
      (a, b) => a < b,
      (item) => !dead.has(item),
    )
    for (let item = 0; item < 1000; item += 1) heap.push(item)

    for (let item = 999; item >= 10; item -= 1) {
      dead.add(item)
      heap.buried()
    }

    assert.ok(heap.size <= 20, `${heap.size} items for 10 living`)
    assert.deepEqual(
      [...heap.living()].sort((a, b) => a - b),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    )
  })
})
