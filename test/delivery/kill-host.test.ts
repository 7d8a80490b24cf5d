import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { killHost } from '../soak/kill-host.ts'

describe('a host killed with SIGKILL at random moments', () => {
  it('loses nothing that was committed, and doubles at most what was in flight', async () => {
    const report = await killHost({ kills: 3, messages: 100, speed: 10 })

    assert.ok(report.committed >= 100)
    assert.ok(report.duplicates <= report.inFlight)
  })
})
