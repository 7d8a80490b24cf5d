import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Alarms } from '../../src/delivery/family/alarms.ts'

describe('alarms of endpoints', () => {
  it('ring in the order of their times, each once', () => {
    const alarms = new Alarms(10)
    alarms.set('b', 20)
    alarms.set('a', 10)
    alarms.set('a', 10)
    alarms.set('a', 30)

    assert.equal(alarms.nextAt, 10)
    assert.deepEqual([...alarms.take(20)], ['a', 'b'])
    assert.deepEqual([...alarms.take(30)], ['a'])
    assert.equal(alarms.nextAt, Number.POSITIVE_INFINITY)
  })

  it('are no more than are allowed: the walk finds the rest', () => {
    const alarms = new Alarms(3)
    for (let n = 0; n < 100; n += 1) alarms.set(`endpoint ${n}`, n)

    assert.equal(alarms.size, 3)
    assert.equal([...alarms.take(100)].length, 3)
    alarms.set('another', 200)
    assert.equal(alarms.size, 1)
  })
})
