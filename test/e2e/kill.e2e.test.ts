import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { killHostProcess } from '../soak/kill-host-process.ts'

describe('carabiner run, killed with SIGKILL at random moments', () => {
  it('delivers every completed dispatch, and doubles at most what was in flight', async () => {
    const counted = await killHostProcess({ kills: 3, messages: 100 })

    assert.ok((counted['completed'] ?? 0) >= 100)
    assert.ok((counted['duplicates'] ?? 0) <= (counted['in flight at kills'] ?? 0))
  })
})
