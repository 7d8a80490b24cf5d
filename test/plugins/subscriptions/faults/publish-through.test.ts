import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { publishThrough } from '../../../soak/publish-through.ts'

describe('clients that publish until they have an answer', {
  concurrency: true,
  timeout: 120_000,
}, () => {
  it('make one event per key, each delivered, while a host on SQLite is killed', async () => {
    const counted = await publishThrough({ trouble: 'host-killed', times: 2, events: 100 })

    assert.ok((counted['asked again'] ?? 0) > 0, 'nobody had to ask again: this proves nothing')
  })

  it('make one event per key, each delivered, while one of three hosts on PostgreSQL is killed', async () => {
    const counted = await publishThrough({ trouble: 'host-of-three-killed', times: 2, events: 100 })

    assert.ok((counted['asked again'] ?? 0) > 0, 'nobody had to ask again: this proves nothing')
  })
})
