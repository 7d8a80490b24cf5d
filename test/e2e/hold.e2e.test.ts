import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { holdPromise } from '../soak/hold-promise.ts'

describe('the hold promise', () => {
  it('is kept whatever the endpoint does: no event is held longer than its deadline + 50 ms', async () => {
    const counted = await holdPromise({ dispatches: 50 })

    assert.equal(counted['dispatches'], 50)
  })
})
