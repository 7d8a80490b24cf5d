import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { allowance } from '../../src/delivery/redelivery/allowance.ts'
import { Throttle } from '../../src/delivery/redelivery/throttle.ts'
import { FakeClock } from '../helpers/fake-clock.ts'

const nothing = { redelivered: 0, skipped: 0 }

describe('the allowance of a redelivery', () => {
  it('is half of the connections of the slowest endpoint, and what its rate lets through in a second', () => {
    const wide = { concurrency: 64, rate: undefined }
    const perMinute = { concurrency: 64, rate: { count: 300, perMs: 60_000 } }

    assert.equal(allowance([wide]), 32)
    assert.equal(allowance([{ concurrency: 1, rate: undefined }]), 1)
    assert.equal(allowance([wide, { concurrency: 5, rate: undefined }]), 2)
    assert.equal(allowance([wide, perMinute]), 5)
    assert.equal(allowance([{ concurrency: 64, rate: { count: 1, perMs: 3_600_000 } }]), 1)
  })

  it('is one for endpoints that are not known, and does not count them beside others', () => {
    assert.equal(allowance([]), 1)
    assert.equal(allowance([undefined]), 1)
    assert.equal(allowance([undefined, { concurrency: 8, rate: undefined }]), 4)
  })
})

describe('the throttle of a redelivery', () => {
  it('asks for the next step when half of what was made is out of the way', () => {
    const throttle = aThrottle({ allowance: 4 })

    assert.equal(throttle.freed(), false)
    assert.equal(throttle.freed(), true)
    throttle.after({ redelivered: 4, skipped: 0 })
    assert.equal(throttle.freed(), false)
  })

  it('does not wait after a step that only left out', () => {
    const throttle = aThrottle({ allowance: 4 })

    assert.equal(throttle.after({ redelivered: 0, skipped: 100 }), 1)
    assert.equal(throttle.after({ redelivered: 4, skipped: 0 }), 250)
    assert.equal(throttle.after(nothing), 250)
  })

  it('allows more every 5 s in which nothing moves, and less again when it does', async () => {
    const clock = new FakeClock()
    const throttle = aThrottle({ allowance: 4, clock })
    const stall = async (): Promise<number> => {
      await clock.advance(5_000)
      return throttle.after(nothing)
    }

    throttle.after(nothing)
    assert.equal(throttle.outstanding, 4)
    assert.equal(await stall(), 1)
    assert.equal(throttle.outstanding, 104)
    throttle.after({ redelivered: 100, skipped: 0 })
    assert.equal(
      throttle.outstanding,
      104,
      'what was allowed is made use of, and still does not move',
    )
    await stall()
    assert.equal(throttle.outstanding, 204)
    throttle.after({ redelivered: 150, skipped: 0 })
    assert.equal(throttle.outstanding, 154, 'fifty went through')
    throttle.after({ redelivered: 1_000, skipped: 0 })
    assert.equal(throttle.outstanding, 4)
  })

  it('of one endpoint alone waits for it', async () => {
    const clock = new FakeClock()
    const throttle = aThrottle({ allowance: 4, clock, isOfOneEndpoint: true })

    await clock.advance(60_000)

    assert.equal(throttle.after(nothing), 250)
    assert.equal(throttle.outstanding, 4)
  })
})

function aThrottle(options: Partial<ConstructorParameters<typeof Throttle>[0]>): Throttle {
  const clock = new FakeClock()
  return new Throttle({ clock, isOfOneEndpoint: false, rows: 100, allowance: 1, ...options })
}
