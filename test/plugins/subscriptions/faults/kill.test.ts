import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { killPublishing } from '../../../soak/kill-publishing.ts'

describe('clients that publish until they have an answer', { concurrency: 2 }, () => {
  it('make one event per key of a host on SQLite that is killed', async () => {
    const counted = await killPublishing({ store: 'sqlite', kills: 3, events: 100 })

    assert.ok((counted['asked again'] ?? 0) > 0, 'nobody had to ask again: this proves nothing')
  })

  it('make one event per key of three hosts on PostgreSQL of which one is killed', async () => {
    const counted = await killPublishing({ store: 'postgres', kills: 3, events: 100 })

    assert.ok((counted['asked again'] ?? 0) > 0, 'nobody had to ask again: this proves nothing')
  })
})
