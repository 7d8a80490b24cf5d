import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseSize } from '../../src/quantity/size.ts'

describe('a size', () => {
  it('counts bytes, in units of 1000 and of 1024', () => {
    const sizes = [1, 4096, '1B', '64KiB', '1MB', '1kB', '1.5MiB', '1.1MB', '2GiB'].map(parseSize)

    assert.deepEqual(sizes, [1, 4096, 1, 65_536, 1e6, 1000, 1_572_864, 1_100_000, 2 ** 31])
  })

  for (const text of ['64', '64 KiB', '64kib', '-1MB', '1M', '', '1e3B', '0MB', 0, -1, 1.5]) {
    it(`${JSON.stringify(text)} is refused, saying what was expected`, () => {
      assert.throws(() => parseSize(text), {
        code: 'QUANTITY_INVALID',
        expected: 'bytes as a whole number, or units as in 64KiB, 1MB',
      })
    })
  }
})
