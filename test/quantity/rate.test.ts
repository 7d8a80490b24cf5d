import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseRate } from '../../src/quantity/rate.ts'

describe('a rate', () => {
  it('counts per second, minute or hour; false is no limit', () => {
    const rates = (['50/s', '120/m', '1000/h', false] as const).map(parseRate)

    assert.deepEqual(rates, [
      { count: 50, perMs: 1000 },
      { count: 120, perMs: 60_000 },
      { count: 1000, perMs: 3_600_000 },
      undefined,
    ])
  })

  for (const text of ['50', '50/sec', '0/s', '-1/s', '1.5/s', ' 50/s', '50 / s', '/s', '']) {
    it(`${JSON.stringify(text)} is refused, saying what was expected`, () => {
      assert.throws(() => parseRate(text), { code: 'QUANTITY_INVALID', message: /such as 50\/s/ })
    })
  }
})
