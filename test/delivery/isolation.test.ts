import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isolation } from '../soak/isolation.ts'

describe('a hundred endpoints, of which some hang and one has a backlog', () => {
  it('keep each other waiting for nothing', async () => {
    const report = await isolation({
      endpoints: 100,
      backlog: 5_000,
      messages: 500,
      perSecond: 250,
    })

    assert.equal(report.delivered, 1_000)
    assert.ok(report.hanging >= 1 && report.hanging <= 8, `${report.hanging} requests hang`)
    assert.ok(report.drained >= 100, `${report.drained} of the backlog`)
  })
})
