import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Sweep } from '../../../plugins/callbacks/sweep.ts'
import { CallbackBook } from '../../../src/callbacks/callback-book.ts'
import { MemoryStore } from '../../../src/store/memory/memory-store.ts'
import { FakeClock } from '../../helpers/fake-clock.ts'

describe('the sweep', () => {
  it('tells once that the store is away, however long that is', async () => {
    const clock = new FakeClock()
    const store = new MemoryStore(clock)
    const warnings: string[] = []
    let isAway = true
    const book = new CallbackBook(
      {
        records: (name, ids) => store.records(name, ids),
        writeRecords: (writes) => store.writeRecords(writes),
        findRecords: (query) =>
          isAway ? Promise.reject(new Error('away')) : store.findRecords(query),
        enqueue: (messages, claimed, beside) => store.enqueue(messages, claimed, beside),
      },
      clock,
    )
    const warn = (_: object, message = ''): void => void warnings.push(message)
    const never = (): never => assert.fail('a sweep neither opens nor serves callbacks')
    await using _sweep = new Sweep({
      callbacks: { book, open: never, serve: never },
      clock,
      log: { debug() {}, info() {}, error() {}, warn },
      config: { sweep: 5_000 },
    })
    const sweepTimes = async (times: number): Promise<void> => {
      for (let time = 0; time < times; time++) await clock.advance(5_000)
    }

    await sweepTimes(3)
    assert.deepEqual(warnings, ['callbacks expire at a later sweep'])
    isAway = false
    await sweepTimes(1)
    isAway = true
    await sweepTimes(3)
    assert.equal(warnings.length, 2)
  })
})
