import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Pace } from '../../src/delivery/pace.ts'
import type { SlotRequest } from '../../src/store/rate-slots.ts'
import { quiet } from '../helpers/engine.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { recordingLog } from '../helpers/recording-log.ts'

function aPace(perMs: number, count: number, first: (request: SlotRequest) => Promise<number>) {
  const clock = new FakeClock()
  const asked: SlotRequest[] = []
  const times: number[] = []
  const far: number[] = []
  const store = {
    takeSlots(_: string, request: SlotRequest): Promise<number> {
      asked.push(request)
      return first(request)
    },
  }
  const rate = { count, perMs }
  const pace = new Pace({
    store,
    clock,
    log: recordingLog(),
    endpoint: 'a/b',
    rate,
    far: () => far.push(clock.now()),
  })
  const start = clock.now()
  /** Sends for as long as there is a place, as a queue does. */
  const send = (): void => {
    while (pace.take(100, send)) times.push(clock.now() - start)
  }
  return { clock, pace, asked, times, far, send }
}

describe('Pace', () => {
  it('draws places for a quarter of a second at once and uses each at its time', async () => {
    let next = 0
    const { clock, asked, times, send } = aPace(1_000, 100, async ({ count, now }) => {
      const first = Math.max(next, now)
      next = first + count * 10
      return first
    })

    send()
    for (let ms = 0; ms < 1_000; ms += 10) {
      await quiet(2)
      await clock.advance(10)
    }

    assert.deepEqual(
      asked.slice(0, 3).map(({ count }) => count),
      [25, 25, 25],
    )
    assert.deepEqual(
      times.slice(0, 90),
      Array.from({ length: 90 }, (_, n) => n * 10),
    )
  })

  it('lets places go that it could not use in time, so that they do not come in a heap', async () => {
    const { clock, asked, times, pace } = aPace(1_000, 100, async ({ now }) => now)
    pace.take(100, () => {})
    await quiet(2)
    await clock.advance(5_000)

    assert.equal(
      pace.take(100, () => {}),
      false,
    )
    assert.equal(asked.length, 2)
    assert.deepEqual(times, [])
  })

  it('says that a place is far, and when it is worth to hold something for it', async () => {
    const { clock, pace, far } = aPace(3_600_000, 1, async ({ now }) => now + 600_000)
    const start = clock.now()
    pace.take(1, () => {})
    await quiet(2)

    assert.deepEqual(far, [start])
    assert.equal(pace.opensAt, start + 599_000)
    assert.equal(pace.nearby, 1)
  })

  it('asks again when the store is back', async () => {
    let isAway = true
    const { clock, times, send } = aPace(1_000, 10, async ({ now }) => {
      if (isAway) throw new TypeError('away')
      return now
    })
    send()
    await quiet(2)
    isAway = false
    await clock.advance(500)
    await quiet(2)

    assert.equal(times.length, 1)
  })
})
