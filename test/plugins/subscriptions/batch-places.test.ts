import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BatchPlaces } from '../../../plugins/subscriptions/batch-places.ts'
import { FakeClock } from '../../helpers/fake-clock.ts'

describe('places of batches', () => {
  it('lets two full ones begin, and each of the others when one before it is over, in their order', async () => {
    const { begun, begin } = batches()
    const works = [begin(), begin(), begin(), begin()]
    await turn()
    assert.deepEqual(begun, [0, 1])

    works[1]?.end.resolve()
    await turn()
    assert.deepEqual(begun, [0, 1, 2])

    for (const { end } of works) end.resolve()
    await Promise.all(works.map(({ done }) => done))
    assert.deepEqual(begun, [0, 1, 2, 3])
  })

  it('lets many small ones begin, none of which overtakes a full one', async () => {
    const { begun, begin } = batches()
    const small = Array.from({ length: 101 }, () => begin(1))
    begin()
    begin(1)
    await turn()
    assert.equal(begun.length, 101)

    small[0]?.end.resolve()
    await turn()
    assert.deepEqual(begun.slice(101), [101])
    small[1]?.end.resolve()
    await turn()
    assert.deepEqual(begun.slice(101), [101, 102])
  })

  it('waits for a slow one for a moment only, and gives its places away once', async () => {
    const { clock, begun, begin } = batches()
    const works = [begin(), begin(), begin(), begin(), begin()]
    await clock.advance(99)
    assert.deepEqual(begun, [0, 1])
    await clock.advance(1)
    assert.deepEqual(begun, [0, 1, 2, 3])

    works[0]?.end.resolve()
    await works[0]?.done
    await turn()
    assert.deepEqual(begun, [0, 1, 2, 3], 'its places were another’s already')
    works[2]?.end.resolve()
    await works[2]?.done
    await turn()
    assert.deepEqual(begun, [0, 1, 2, 3, 4])
  })

  it('tells of a failure, which gives its places away', async () => {
    const { begun, begin } = batches()
    const failing = begin()
    begin()
    begin()
    failing.end.reject(new Error('not stored'))
    await assert.rejects(failing.done, /not stored/)
    await turn()
    assert.deepEqual(begun, [0, 1, 2])
  })
})

function batches() {
  const clock = new FakeClock()
  const places = new BatchPlaces(clock)
  const begun: number[] = []
  let count = 0
  const begin = (events = 100) => {
    const number = count
    count += 1
    const end = Promise.withResolvers<void>()
    const done = places.with(events, () => {
      begun.push(number)
      return end.promise
    })
    return { end, done }
  }
  return { clock, begun, begin }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
