import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parkedKills } from '../soak/parked/parked-kills.ts'

describe('carabiner run with dispatches that wait for callbacks, killed with SIGKILL at random moments', {
  timeout: 60_000,
}, () => {
  it('takes every one that was answered with 202 to its end, each phase at most once', async () => {
    const counted = await parkedKills({ hosts: 1, kills: 3, dispatches: 80, missed: 'always' })

    assert.ok((counted['answered 202'] ?? 0) >= 80)
  })
})
