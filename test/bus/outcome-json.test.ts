import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { json, outcomeToJson } from '../../src/bus/outcome-json.ts'
import { anOutcome } from '../helpers/served-host.ts'

describe('outcomeToJson', () => {
  it('shows undefined as null, wherever it is', () => {
    const results = [
      { connector: 'a', value: { inner: undefined, list: [undefined] } },
      { connector: 'b', value: null },
    ]

    const shown = outcomeToJson(anOutcome({ kind: 'completed', results }))

    assert.deepEqual(shown['results'], [
      { connector: 'a', value: { inner: null, list: [null] } },
      { connector: 'b', value: null },
    ])
    assert.equal(shown['unknown'], null)
  })

  it('masks what errors say, and leaves data as it is', () => {
    const error = { code: 'HANDLER_FAILED', name: 'Error', message: 'secret' }
    const failures = [
      { connector: 'a', phase: 'on', code: 'HANDLER_FAILED', message: 'secret' } as const,
    ]
    const results = [
      { connector: 'a', error },
      { connector: 'b', value: 'secret' },
    ]

    const shown = outcomeToJson(
      anOutcome({ kind: 'failed', phase: 'on', failures, results }),
      () => '••••',
    )

    assert.deepEqual(shown['failures'], [{ ...failures[0], message: '••••' }])
    assert.deepEqual(shown['results'], [
      { connector: 'a', error: { ...error, message: '••••' } },
      { connector: 'b', value: 'secret' },
    ])
  })
})

describe('json', () => {
  it('says what JSON.stringify would, where that loses nothing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        assert.equal(JSON.stringify(json(value)), JSON.stringify(value))
      }),
    )
  })

  it('never throws and never loses a field', () => {
    const circular: Record<string, unknown> = { big: 12n, symbol: Symbol('s'), run: () => 1 }
    circular['self'] = circular
    const broken = {
      toJSON() {
        throw new Error('no')
      },
    }

    const shown = json({ circular, broken, when: new Date(0), nan: Number.NaN })

    assert.deepEqual(shown, {
      circular: { big: '12', symbol: null, run: null, self: '[circular]' },
      broken: '[unreadable]',
      when: '1970-01-01T00:00:00.000Z',
      nan: null,
    })
  })

  it('cuts off what lies too deep', () => {
    let deep: unknown = 1
    for (let depth = 0; depth < 100_000; depth++) deep = [deep]

    assert.match(JSON.stringify(json(deep)), /^\[{256}"\[too deep\]"\]{256}$/)
  })
})
