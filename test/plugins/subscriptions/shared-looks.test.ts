import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SharedLooks } from '../../../plugins/subscriptions/shared-looks.ts'

describe('a look that many ask for', () => {
  it('is made once for all that ask before it begins, and for each thing apart', async () => {
    const looks = new SharedLooks<string>()
    const made: string[] = []
    const ask = (what: string) =>
      looks.ask(what, async () => {
        made.push(what)
        return `found for ${what}`
      })

    const found = await Promise.all([ask('a'), ask('b'), ask('a')])

    assert.deepEqual(found, ['found for a', 'found for b', 'found for a'])
    assert.deepEqual(made, ['a', 'b'])
  })

  it('is made anew for who asks after it has begun, whether it is over or not', async () => {
    const looks = new SharedLooks<number>()
    const first = Promise.withResolvers<number>()
    const began = Promise.withResolvers<void>()
    const early = looks.ask('a', () => {
      began.resolve()
      return first.promise
    })
    await began.promise

    assert.equal(await looks.ask('a', async () => 2), 2)

    first.resolve(1)
    assert.equal(await early, 1)
  })

  it('that fails fails for all who share it, and not for those who ask later', async () => {
    const looks = new SharedLooks<number>()
    const fail = () => looks.ask('a', () => Promise.reject(new RangeError('away')))

    const shared = await Promise.allSettled([fail(), fail()])

    assert.deepEqual(
      shared.map(({ status }) => status),
      ['rejected', 'rejected'],
    )
    assert.equal(await looks.ask('a', async () => 3), 3)
  })
})
