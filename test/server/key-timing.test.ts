import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { keyJudge } from '../../src/server/management-key.ts'

const key = 'k'.repeat(4_096)
/** The first and the last byte are wrong: what compares from the left and stops would find out at once, or after 4 KiB. */
const wrongAtOnce = `x${'k'.repeat(4_095)}`
const wrongAtTheEnd = `${'k'.repeat(4_095)}x`

const rounds = 400
const callsOfRound = 20

/** The middle of what rounds took, in microseconds a call: the two take turns, so that whatever slows this machine slows both. */
function medians(judge: (presented: string) => unknown): readonly [first: number, second: number] {
  const took: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, presented] of [wrongAtOnce, wrongAtTheEnd].entries()) {
      const begunAt = performance.now()
      for (let call = 0; call < callsOfRound; call += 1) judge(presented)
      took[index === 0 ? 0 : 1].push((performance.now() - begunAt) / callsOfRound)
    }
  }
  return [middle(took[0]), middle(took[1])]
}

function middle(values: readonly number[]): number {
  return (values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0) * 1_000
}

/** How much longer the slower of the two takes. */
function apart([first, second]: readonly [number, number]): number {
  return Math.max(first, second) / Math.min(first, second)
}

describe('the time that a wrong management key takes', () => {
  it('does not tell how much of it is right', () => {
    const judge = keyJudge({
      managementKeys: [{ name: 'operators', key }],
      allowUnauthenticated: false,
    })

    medians(judge) // until it is compiled
    const took = medians(judge)

    assert.ok(apart(took) < 1.5, `${took.join(' and ')} µs`)
  })

  it('would tell, of a comparison that stops at the first difference', () => {
    const judge = (presented: string): boolean => {
      for (let at = 0; at < key.length; at += 1) if (presented[at] !== key[at]) return false
      return true
    }

    medians(judge)
    const took = medians(judge)

    assert.ok(apart(took) > 3, `${took.join(' and ')} µs`)
  })
})
