import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { retention } from '../soak/retention.ts'

describe('retention of a SQLite store', () => {
  // A twentieth of ten million rows takes longer than a test may.
  it('keeps the size of the file, and leaves claims alone', async () => {
    const report = await retention({ attempts: 30_000 })

    assert.equal(report.removed, 22_000)
  })
})
