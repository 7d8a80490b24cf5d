import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { oneProbe } from '../soak/one-probe.ts'
import { sharedRate } from '../soak/shared-rate.ts'
import { sharedStore } from '../soak/shared-store.ts'

describe('three hosts on one PostgreSQL', () => {
  it('lose nothing when one of them is killed again and again, and double at most what was in flight', async () => {
    const report = await sharedStore({ trouble: 'host-killed', times: 3, messages: 300, speed: 10 })

    assert.ok(report.committed >= 300)
    assert.ok(report.duplicates <= report.inFlight)
  })

  it('lose nothing and double nothing when the server crashes and comes back', async () => {
    const report = await sharedStore({
      trouble: 'server-restarted',
      times: 1,
      messages: 200,
      speed: 3,
    })

    assert.equal(report.duplicates, 0)
  })

  it('lose nothing and double nothing when all connections are cut', async () => {
    const report = await sharedStore({ trouble: 'connections-cut', times: 4, messages: 200 })

    assert.equal(report.duplicates, 0)
  })

  it('keep one rate', async () => {
    // Each by itself would let 150 through in the first second; how late those of a second arrive is the machine's affair.
    const report = await sharedRate({ messages: 201, perSecond: 50, most: 100 })

    assert.equal(report.messages, 201)
  })

  it('send one probe in each recovery time, and use up no other try', async () => {
    const report = await oneProbe({ intervals: 3, messages: 30, speed: 20 })

    assert.equal(report.delivered, 30)
  })
})
