import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type BenchRow, itself, markdownOf, median, type Promised } from './bench.ts'
import { Arena, drain } from './delivery/arena.ts'
import { contenders } from './delivery/contender.ts'

describe('the table of a benchmark', () => {
  it('says of each promised ratio what it reaches', () => {
    const table = markdownOf([beside({ slow: 50, even: 95, fast: 140 }, atLeast)], true)

    assert.deepEqual(lastCells(table, 4), [
      ['2.00', '≥ 0.9', '≥ 1.1', 'goal'],
      ['1.05', '≥ 0.9', '≥ 1.1', 'floor'],
      ['0.71', '≥ 0.9', '≥ 1.1', '**no**'],
    ])
  })

  it('takes a promise for the most there may be where less is better', () => {
    const table = markdownOf([beside({ slow: 50, even: 105, fast: 140 }, atMost)], false)

    assert.deepEqual(
      lastCells(table, 1).map(([reached]) => reached),
      ['**no**', 'floor', 'goal'],
    )
  })

  it('holds a number without peers against the promise itself', () => {
    const row = { name: 'memory', unit: 'MB', ours: 300, peers: {} }
    const table = markdownOf([{ ...row, promises: { [itself]: { floor: 400, goal: 250 } } }], false)

    assert.deepEqual(lastCells(table, 3), [['≤ 400', '≤ 250', 'floor']])
  })

  it('has no columns for promises where nothing is promised', () => {
    const table = markdownOf([{ name: 'a', unit: 'ops/s', ours: 3, peers: { b: 4 } }], true)

    assert.deepEqual(lastCells(table, 5), [['a', '3.00 ops/s', 'b', '4.00 ops/s', '0.75']])
  })

  it('takes medians that one slow run does not move', () => {
    assert.equal(median([5, 1, 4, 1_000, 3]), 4)
  })
})

describe('a drain in the arena', () => {
  for (const name of ['bare', 'memory', 'sqlite'] as const) {
    it(`counts at the receiver what ${contenders[name].title} sends`, async () => {
      await using arena = await Arena.open()
      const contender = await arena.enter(name)
      assert.ok(contender)
      await using store = await arena.freshStore(contenders[name].store)

      const run = await drain(arena, contender, store, 300)

      assert.equal(run.arrivals.count, 300)
      assert.ok(run.perSecond > 0 && run.cpuUs > 0)
    })
  }

  it('fails when a contender cannot do what it is told', async () => {
    await using arena = await Arena.open()
    const contender = await arena.enter('sqlite')

    await assert.rejects(async () => contender?.call('prepare', 'sqlite:relative', 1), /absolute/)
  })
})

const atLeast: Promised = { floor: 0.9, goal: 1.1 }
const atMost: Promised = { floor: 1.1, goal: 0.9 }

function beside(peers: Readonly<Record<string, number>>, promised: Promised): BenchRow {
  const promises = Object.fromEntries(Object.keys(peers).map((peer) => [peer, promised]))
  return { name: 'drain', unit: '/s', ours: 100, peers, promises }
}

/** The last cells of each line below the head. */
function lastCells(table: string, count: number): string[][] {
  return table
    .split('\n')
    .slice(2)
    .map((line) => line.slice(2, -2).split(' | ').slice(-count))
}
