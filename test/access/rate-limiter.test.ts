import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RateLimiter } from '../../src/access/rate-limiter.ts'
import { parseRate, type Rate } from '../../src/quantity/rate.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { first, sharedStores } from './stores.ts'

const noon = Date.UTC(2026, 0, 1, 12)
const minute = 60_000

function rate(text: string): Rate {
  const parsed = parseRate(text)
  assert.ok(parsed)
  return parsed
}

for (const { name, open } of sharedStores()) {
  describe(`a rate limiter on ${name}`, () => {
    it('lets so many through in a window, and says how many are left', async () => {
      await using store = first(await open(1))
      const limiter = new RateLimiter(store, new FakeClock(noon))

      const taken = []
      for (let call = 0; call < 4; call++) taken.push(await limiter.take('k', rate('3/m')))

      const told = { limit: 3, resetsAt: noon + minute }
      assert.deepEqual(taken, [
        { isAllowed: true, remaining: 2, ...told },
        { isAllowed: true, remaining: 1, ...told },
        { isAllowed: true, remaining: 0, ...told },
        { isAllowed: false, remaining: 0, ...told },
      ])
    })

    it('begins anew with the next window, for each key by itself', async () => {
      await using store = first(await open(1))
      const clock = new FakeClock(noon + 59_000)
      const limiter = new RateLimiter(store, clock)
      const allowed = async (key: string): Promise<boolean> =>
        (await limiter.take(key, rate('1/m'))).isAllowed

      const before = [await allowed('a'), await allowed('a'), await allowed('b')]
      await clock.advance(1_000)
      const after = [await allowed('a'), await allowed('a')]

      assert.deepEqual(before, [true, false, true])
      assert.deepEqual(after, [true, false])
    })

    it('counts the calls of all hosts, however many come at once', async () => {
      const stores = await open(3)
      const clock = new FakeClock(noon)
      const limiters = stores.map((store) => new RateLimiter(store, clock))

      const calls = limiters.flatMap((limiter) =>
        Array.from({ length: 100 }, () => limiter.take('k', rate('120/m'))),
      )
      const taken = await Promise.all(calls)

      assert.equal(taken.filter(({ isAllowed }) => isAllowed).length, 120)
      for (const store of new Set(stores)) await store[Symbol.asyncDispose]()
    })

    it('asks the store once for many calls of a generous limit, and never allows more', async () => {
      await using store = first(await open(1))
      let asked = 0
      const counting = {
        takePermits: (...args: Parameters<typeof store.takePermits>) => {
          asked += 1
          return store.takePermits(...args)
        },
      }
      const limiter = new RateLimiter(counting, new FakeClock(noon))

      let allowed = 0
      for (let call = 0; call < 1_100; call++) {
        if ((await limiter.take('k', rate('1000/m'))).isAllowed) allowed += 1
      }

      assert.equal(allowed, 1_000)
      assert.equal(asked, 100)
    })
  })
}

describe('a rate limiter', () => {
  it('fails those who asked when the store is away, and asks again for the next', async () => {
    let isAway = true
    const resetsAt = noon + minute
    const limiter = new RateLimiter(
      {
        async takePermits() {
          if (isAway) throw new Error('away')
          return { granted: 1, remaining: 0, resetsAt }
        },
      },
      new FakeClock(noon),
    )

    const calls = [limiter.take('k', rate('1/m')), limiter.take('k', rate('1/m'))]
    for (const call of calls) await assert.rejects(call, /away/)
    isAway = false

    assert.ok((await limiter.take('k', rate('1/m'))).isAllowed)
  })
})
