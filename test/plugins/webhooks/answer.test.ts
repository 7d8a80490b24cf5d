import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { judgeAnswer } from '../../../plugins/webhooks/answer.ts'
import type { Decision } from '../../../plugins/webhooks/decision.ts'

const callbackId = '550e8400-e29b-41d4-a716-446655440000'

function completedWith(payload: unknown): Decision {
  const payloadText = payload === null ? null : JSON.stringify(payload)
  return judgeAnswer({ kind: 'completed', callbackId, payload, payloadText })
}

describe('what a callback was completed with', () => {
  const allowing: readonly unknown[] = [
    null,
    {},
    [],
    'no',
    false,
    0,
    { approved: true, reason: 'looks good' },
    { cancel: null },
    { cancel: false },
    [{ cancel: 'in a list' }],
    { nested: { cancel: 'deeper' } },
  ]
  for (const payload of allowing) {
    it(`allows with ${JSON.stringify(payload)}`, () => {
      assert.deepEqual(completedWith(payload), { kind: 'allow', status: null, warnings: [] })
    })
  }

  it('may warn the caller', () => {
    const decision = completedWith({ warnings: ['only this once', 7] })

    assert.deepEqual(decision, { kind: 'allow', status: null, warnings: ['only this once'] })
  })

  it('cancels with a reason under `cancel`', () => {
    const reply = { cancel: 'not on a Friday', by: 'ada' }

    assert.deepEqual(completedWith(reply), {
      kind: 'cancel',
      status: null,
      reason: 'not on a Friday',
      reply,
    })
  })

  for (const cancel of ['', true, 0, 7, {}, ['no']]) {
    it(`cancels without a readable reason with ${JSON.stringify({ cancel })}`, () => {
      assert.partialDeepStrictEqual(completedWith({ cancel }), {
        kind: 'cancel',
        reason: undefined,
      })
    })
  }

  for (const key of ['allow', 'allowed', 'approved']) {
    it(`is an ERROR when it says that ${key} is false: a yes is not made of a no`, () => {
      const decision = completedWith({ [key]: false })

      assert.partialDeepStrictEqual(decision, { kind: 'error', error: 'protocol', again: false })
      assert.match(decision.kind === 'error' ? decision.why : '', /send \{ "cancel": "reason" \}/)
    })
  }
})

describe('a callback that was not completed', () => {
  it('cancels with its error when it failed', () => {
    const decision = judgeAnswer({ kind: 'failed', callbackId, error: 'budget is spent' })

    assert.deepEqual(decision, {
      kind: 'cancel',
      status: null,
      reason: 'budget is spent',
      reply: 'budget is spent',
    })
  })

  it('cancels without a readable reason when its error is empty', () => {
    assert.partialDeepStrictEqual(judgeAnswer({ kind: 'failed', callbackId, error: '' }), {
      kind: 'cancel',
      reason: undefined,
    })
  })

  it('is an ERROR when nobody answered', () => {
    assert.deepEqual(judgeAnswer({ kind: 'expired', callbackId }), {
      kind: 'error',
      error: 'expired',
      why: 'callback timed out',
      again: false,
    })
  })
})
