import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ordered } from '../soak/ordered.ts'

describe('deliveries that are ordered by key', () => {
  it('stay in order through refusals, three hosts, and one of them killed', async () => {
    const { delivered, refused } = await ordered({ keys: 20, messages: 25, speed: 10 })

    assert.equal(delivered, 500)
    assert.ok(refused > 0)
  })
})
