import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { compareBytes } from '../../src/store/byte-order.ts'
import { SortedList } from '../../src/store/memory/sorted-list.ts'

describe('a sorted list', () => {
  it('is what is left of what was added, both ways from any place', () => {
    const number = fc.nat(2000)
    const changes = fc.array(fc.tuple(fc.boolean(), fc.array(number, { maxLength: 400 })), {
      maxLength: 20,
    })
    fc.assert(
      fc.property(changes, number, (all, place) => {
        const list = new SortedList<number>((a, b) => a - b)
        const kept = new Set<number>()
        for (const [isAdded, items] of all) {
          for (const item of items) {
            if (isAdded) list.add(item)
            else list.delete(item)
            if (isAdded) kept.add(item)
            else kept.delete(item)
          }
        }
        const sorted = [...kept].sort((a, b) => a - b)

        assert.deepEqual(
          [...list.after(place)],
          sorted.filter((item) => item > place),
        )
        assert.deepEqual(
          [...list.from(place)],
          sorted.filter((item) => item >= place),
        )
        assert.deepEqual([...list.before(place)], sorted.filter((item) => item < place).reverse())
      }),
      { numRuns: 50 },
    )
  })

  it('stays in order through many runs', () => {
    const list = new SortedList<number>((a, b) => a - b)
    const items = Array.from({ length: 5000 }, (_, index) => (index * 7919) % 5000)
    for (const item of items) list.add(item)
    for (const item of items) if (item % 3 !== 0) list.delete(item)

    assert.deepEqual(
      [...list.from(0)],
      Array.from({ length: 1667 }, (_, index) => index * 3),
    )
    assert.equal([...list.before(5000)].length, 1667)
  })
})

describe('the order of bytes', () => {
  it('is that of UTF-8, for any two texts', () => {
    const text = fc.string({ unit: 'binary', maxLength: 4 })
    fc.assert(
      fc.property(text, text, (a, b) => {
        const bytes = Buffer.compare(Buffer.from(a), Buffer.from(b))
        assert.equal(Math.sign(compareBytes(a, b)), bytes)
      }),
      { numRuns: 2000 },
    )
    const beyond = ['\u{ffff}', '\u{10000}', '\u{e000}\u{1fa9d}', '\u{e000}\u{ff5e}', '\u{d7ff}']
    const sorted = beyond.toSorted(compareBytes)
    assert.deepEqual(
      sorted,
      beyond.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    )
  })
})
