import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '../src/clock.ts'
import { startHostile } from './helpers/hostile-receiver.ts'
import { startProject } from './helpers/start-host.ts'

describe('a host that stops', () => {
  it('leaves no connection open, neither of a decision nor of a delivery', async () => {
    await using hostile = await startHostile()
    const project = await startProject(`
host: { store: 'memory:' }
connectors: { adjuster: ./adjuster.ts, webhooks: webhooks }
webhooks:
  - { name: ask, events: before:adjust, url: '${hostile.at('/ok')}', secret: s3cr3t-s3cr3t }
  - { name: tell, events: after:adjust, url: '${hostile.at('/empty')}', secret: s3cr3t-s3cr3t }
`)
    const outcome = await project.host.dispatch('adjust', { component: 'web', amount: 1 })
    assert.equal(outcome.kind, 'completed')
    while (
      (await project.host.store.backlog()).pending + (await project.host.store.backlog()).sending >
      0
    ) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.ok(hostile.open >= 1)

    await project[Symbol.asyncDispose]()

    // A connection that was left to itself lives for seconds.
    await Promise.race([hostile.idle(), systemClock.sleep(1500)])
    assert.equal(hostile.open, 0)
    assert.deepEqual([hostile.asked('/ok'), hostile.asked('/empty')], [1, 1])
  })
})
