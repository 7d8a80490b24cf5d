import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { CarabinerError } from '../../src/errors.ts'
import { parseDuration, printDuration } from '../../src/quantity/duration.ts'

describe('a duration', () => {
  const good: readonly (readonly [number | string, number])[] = [
    [10, 10_000],
    [0.25, 250],
    [1.001, 1001],
    [1e-9, 0.000_001],
    [1e-6 / 1_000, 0.000_001],
    [Number.MIN_VALUE, 0.000_001],
    ['10s', 10_000],
    ['500ms', 500],
    ['1.5s', 1500],
    ['1.001s', 1001],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    ['1w', 604_800_000],
    ['3us', 0.003],
    ['1ns', 0.000_001],
    ['1d2h3m4s5ms', 93_784_005],
  ]
  for (const [text, ms] of good) {
    it(`${JSON.stringify(text)} is ${ms} ms`, () => {
      assert.equal(parseDuration(text), ms)
    })
  }

  const bad: readonly (readonly [number | string, RegExp])[] = [
    ['abc5s', /not a duration/],
    ['1h2', /ends without a unit/],
    ['5 s', /contains a space/],
    ['-1s', /is negative/],
    ['10', /number in quotes/],
    ['', /not a duration/],
    ['5S', /not a duration/],
    ['1.s', /not a duration/],
    ['.5s', /not a duration/],
    ['1e3s', /not a duration/],
    ['1µs', /not a duration/],
    ['5s\n', /contains a space/],
    ['1y', /not a duration/],
    ['1s'.repeat(33), /not a duration/],
    [-1, /negative/],
    [Number.NaN, /not a number of seconds/],
    [Number.POSITIVE_INFINITY, /not a number of seconds/],
    [1e13, /too long/],
    [0, /no time at all/],
    ['0s', /no time at all/],
  ]
  for (const [text, reason] of bad) {
    it(`${JSON.stringify(text)} is refused, saying what was expected`, () => {
      assert.throws(
        () => parseDuration(text),
        (error) =>
          error instanceof CarabinerError &&
          error.code === 'QUANTITY_INVALID' &&
          reason.test(error.message) &&
          /expected seconds as a number, or units/.test(error.message),
      )
    })
  }

  it('may be 0 where that is allowed', () => {
    assert.equal(parseDuration(0, { zero: true }), 0)
    assert.equal(parseDuration('0s', { zero: true }), 0)
  })

  it('may be bare digits where everything is text', () => {
    assert.equal(parseDuration('90', { bareSeconds: true }), 90_000)
    assert.equal(parseDuration('0.25', { bareSeconds: true }), 250)
    assert.equal(parseDuration('1h', { bareSeconds: true }), 3_600_000)
    assert.throws(() => parseDuration('0', { bareSeconds: true }), /no time at all/)
    assert.throws(() => parseDuration('1e3', { bareSeconds: true }), /without a unit/)
  })

  it('prints as people write it', () => {
    const printed = [0, 1, 1500, 10_000, 90_000, 5_400_000, 2_592_000_000].map(printDuration)

    assert.deepEqual(printed, ['0s', '1ms', '1.5s', '10s', '1m30s', '1h30m', '30d'])
  })

  it('is read back as it was printed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e13 }), (ms) => {
        assert.equal(parseDuration(printDuration(ms), { zero: true }), ms)
      }),
    )
  })

  it('counts a number as the same number of seconds in a text', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), (thousandths) => {
        const seconds = thousandths / 1000
        assert.equal(parseDuration(seconds), parseDuration(`${seconds}s`))
      }),
    )
  })
})
