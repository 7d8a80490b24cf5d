import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OtherHosts } from '../../src/parking/other-hosts.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { FakeClock } from '../helpers/fake-clock.ts'

const second = 1_000

describe('another host', () => {
  it('is gone once it has been silent for ten seconds', async () => {
    const clock = new FakeClock()
    const store = new MemoryStore(clock)
    await store.beat('other', clock.now())
    const others = new OtherHosts({ store, clock })

    await clock.advance(10 * second)
    assert.equal((await others.absence())('other'), false)
    await clock.advance(1)
    assert.equal((await others.absence())('other'), true)
    assert.equal((await others.absence())('never seen'), true)
  })

  it('has time to beat after the clock was set, or the computer slept', async () => {
    for (const step of [3_600 * second, -3_600 * second]) {
      const clock = new FakeClock()
      const store = new MemoryStore(clock)
      let stepped = 0
      const wall = { now: () => clock.now() + stepped, monotonic: () => clock.monotonic() }
      const others = new OtherHosts({ store, clock: wall })
      await store.beat('other', wall.now())

      stepped = step
      assert.equal((await others.absence())('other'), false)
      await clock.advance(9 * second)
      assert.equal((await others.absence())('other'), false)
      await store.beat('other', wall.now())
      await clock.advance(10 * second)
      assert.equal((await others.absence())('other'), false)
      await clock.advance(1)
      assert.equal((await others.absence())('other'), true)
    }
  })
})
