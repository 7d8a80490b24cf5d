import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type RequestPace, RequestQueue } from '../../src/delivery/request-queue.ts'

/** Lets through as many as it is told. */
class FakePace implements RequestPace {
  left = 0
  readonly wanted: number[] = []
  ready: () => void = () => {}

  take(wanted: number, ready: () => void): boolean {
    this.wanted.push(wanted)
    this.ready = ready
    if (this.left === 0) return false
    this.left -= 1
    return true
  }
}

function enterAll(queue: RequestQueue, names: readonly string[], started: string[]): void {
  for (const name of names) {
    queue.enter({ isWanted: () => !name.startsWith('gone'), start: () => started.push(name) })
  }
}

describe('RequestQueue', () => {
  it('starts so many at once, in the order they came, whenever who leaves', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 900 }),
        (concurrency, steps) => {
          const queue = new RequestQueue(concurrency, undefined)
          const started: number[] = []
          let entered = 0
          let left = 0
          for (const enters of steps) {
            const n = entered
            if (enters) {
              entered += 1
              queue.enter({ isWanted: () => true, start: () => started.push(n) })
            } else if (left < started.length) {
              left += 1
              queue.leave()
            }
            assert.equal(started.length, Math.min(entered, left + concurrency))
          }
          assert.deepEqual(
            started,
            started.map((_, index) => index),
          )
        },
      ),
    )
  })

  it('survives ten thousand that are over before the next one starts', () => {
    const queue = new RequestQueue(1, undefined)
    let over = 0
    const done = (): void => {
      over += 1
      queue.leave()
    }

    for (let n = 0; n < 10_000; n += 1) queue.enter({ isWanted: () => true, start: done })

    assert.equal(over, 10_000)
  })

  it('passes over what nobody wants any more', () => {
    const queue = new RequestQueue(1, undefined)
    const started: string[] = []
    enterAll(queue, ['a', 'gone 1', 'gone 2', 'b'], started)

    queue.leave()

    assert.deepEqual(started, ['a', 'b'])
  })

  it('lets those that somebody waits for go first, and forgets those that gave up', async () => {
    const queue = new RequestQueue(1, undefined)
    const started: string[] = []
    enterAll(queue, ['a', 'b'], started)
    const impatient = new AbortController()
    const gaveUp = queue.turn(impatient.signal)
    const patient = queue.turn(new AbortController().signal).then(() => started.push('asked'))
    impatient.abort(new TypeError('no time'))

    await assert.rejects(gaveUp, /no time/)
    queue.leave()
    await patient
    queue.leave()

    assert.deepEqual(started, ['a', 'asked', 'b'])
  })

  it('starts nothing before its pace does, and asks for no more places than it can use', () => {
    const pace = new FakePace()
    const queue = new RequestQueue(3, pace)
    const started: string[] = []
    enterAll(queue, ['a', 'b', 'c', 'd', 'e'], started)
    const before = started.length

    pace.left = 2
    pace.ready()

    assert.equal(before, 0)
    assert.deepEqual(started, ['a', 'b'])
    assert.deepEqual(pace.wanted.slice(-3), [3, 2, 1])
  })
})
