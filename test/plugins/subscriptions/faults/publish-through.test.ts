import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { publishThrough } from '../../../soak/publish-through.ts'

const troubles = {
  'host-killed': 'a host on SQLite is killed',
  'host-of-three-killed': 'one of three hosts on PostgreSQL is killed',
  'server-restarted': 'PostgreSQL crashes and comes back',
  'connections-cut': 'all connections to PostgreSQL are cut',
} as const

describe('clients that publish until they have an answer', { concurrency: 2 }, () => {
  for (const [trouble, words] of Object.entries(troubles)) {
    it(`make one event per key, each delivered, while ${words}`, { timeout: 120_000 }, async () => {
      const counted = await publishThrough({
        trouble: trouble as keyof typeof troubles, // a key of theirs
        times: 3,
        events: 100,
      })

      assert.ok((counted['asked again'] ?? 0) > 0, 'nobody had to ask again: this proves nothing')
    })
  }
})
