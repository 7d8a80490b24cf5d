import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, it } from 'node:test'
import { Type } from 'typebox'
import { defineEvent } from '../../src/bus/event.ts'
import type { Outcome } from '../../src/bus/outcome.ts'
import { CarabinerError, EventCancelledError } from '../../src/errors.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { adjust, openBus } from '../helpers/open-bus.ts'

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const never = (): Promise<never> => new Promise(() => {})

/** What an outcome says, without what is different every time. */
function essence(outcome: Outcome): object {
  const { dispatchId, traceId, durationMs, event, dryRun, warnings, ...rest } = outcome
  return rest
}

describe('the before phase', () => {
  it('starts handlers of one priority together, lower ones when the higher are done', async () => {
    const { bus } = openBus()
    const seen: string[] = []
    const step = (name: string) => async () => {
      seen.push(`${name} begins`)
      await nextTurn()
      seen.push(`${name} ends`)
    }
    bus.register('c', 'before', adjust, step('low'), { priority: -1 })
    bus.register('b', 'before', adjust, step('b'))
    bus.register('a', 'before', adjust, step('a'))
    bus.register('c', 'before', adjust, step('high'), { priority: 5 })

    await bus.dispatch(adjust, { amount: 1 })

    assert.deepEqual(seen, [
      ...['high begins', 'high ends', 'a begins', 'b begins'],
      ...['a ends', 'b ends', 'low begins', 'low ends'],
    ])
  })

  it('ends with the first cancellation, which aborts the others', async () => {
    const { bus } = openBus()
    const aborted: unknown[] = []
    let hasRun = false
    bus.register('a', 'before', adjust, ({ signal }) => {
      signal.addEventListener('abort', () => aborted.push(signal.reason))
      return never()
    })
    bus.register('b', 'before', adjust, async ({ cancel }) => {
      await nextTurn()
      cancel('too much', { limit: 1 })
    })
    bus.register('c', 'on', adjust, () => {
      hasRun = true
    })

    const outcome = await bus.dispatch(adjust, { amount: 2 })

    assert.deepEqual(essence(outcome), {
      kind: 'cancelled',
      by: 'b',
      reason: 'too much',
      details: { limit: 1 },
      also: [],
    })
    assert.equal(hasRun, false)
    assert.ok(aborted[0] instanceof EventCancelledError)
  })

  it('lets a cancellation win over failures, which stand in `also`', async () => {
    const { bus } = openBus()
    bus.register('a', 'before', adjust, () => {
      throw new RangeError('broken')
    })
    bus.register('b', 'before', adjust, ({ cancel }) => cancel('no'), {
      priority: -1,
      name: 'gate',
    })

    const outcome = await bus.dispatch(adjust, { amount: 1 })

    assert.deepEqual(essence(outcome), {
      kind: 'cancelled',
      by: 'b/gate',
      reason: 'no',
      also: [{ connector: 'a', phase: 'before', code: 'HANDLER_FAILED', message: 'broken' }],
    })
  })

  it('fails the event when a handler throws; on and after do not run', async () => {
    const { bus } = openBus()
    const ran: string[] = []
    bus.register('a', 'before', adjust, () => Promise.reject(new CarabinerError('USAGE', 'wrong')))
    bus.register('b', 'on', adjust, () => void ran.push('on'))
    bus.register('b', 'after', adjust, () => void ran.push('after'))

    const outcome = await bus.dispatch(adjust, { amount: 1 })

    const failure = { connector: 'a', phase: 'before', code: 'USAGE', message: 'wrong' }
    assert.deepEqual(essence(outcome), {
      kind: 'failed',
      phase: 'before',
      failures: [failure],
      results: [],
    })
    assert.deepEqual(ran, [])
  })

  it('counts a cancellation even when the handler catches what cancel throws', async () => {
    const { bus } = openBus()
    bus.register('a', 'before', adjust, ({ cancel }) => {
      try {
        cancel('no')
      } catch {
        // a handler that hides errors cannot hide a veto
      }
    })

    assert.equal((await bus.dispatch(adjust, { amount: 1 })).kind, 'cancelled')
  })

  it('takes an EventCancelledError thrown by hand for a cancellation', async () => {
    const { bus } = openBus()
    bus.register('a', 'before', adjust, () => {
      throw new EventCancelledError('by hand')
    })

    const outcome = await bus.dispatch(adjust, { amount: 1 })

    assert.equal(outcome.kind === 'cancelled' && outcome.reason, 'by hand')
  })

  for (const thrown of ['text', undefined, null, 42, { message: 'object' }]) {
    it(`survives a handler that throws ${JSON.stringify(thrown)}`, async () => {
      const { bus } = openBus()
      bus.register('a', 'before', adjust, () => {
        throw thrown
      })

      const outcome = await bus.dispatch(adjust, { amount: 1 })

      assert.equal(outcome.kind === 'failed' && outcome.failures[0]?.code, 'HANDLER_FAILED')
    })
  }

  it('cannot cancel `shutdown`: that is a warning, and the host stops', async () => {
    const { bus } = openBus()
    let hasRun = false
    bus.register('a', 'before', 'shutdown', ({ cancel }) => cancel('not now'))
    bus.register('a', 'on', 'shutdown', () => {
      hasRun = true
    })

    const outcome = await bus.dispatch('shutdown', { reason: 'stop' })

    assert.equal(outcome.kind, 'completed')
    assert.equal(hasRun, true)
    assert.deepEqual(outcome.warnings, [
      { source: 'a', message: '`shutdown` cannot be cancelled: not now' },
    ])
  })
})

describe('the on phase', () => {
  it('gives results in assembly order, whatever finishes first', async () => {
    const { bus } = openBus()
    bus.register('c', 'on', adjust, () => 'c')
    bus.register('b', 'on', adjust, async () => {
      await nextTurn()
      return 'b'
    })
    bus.register('a', 'on', adjust, async () => {
      await nextTurn()
      await nextTurn()
    })

    const outcome = await bus.dispatch(adjust, { amount: 1 })

    assert.deepEqual(essence(outcome), {
      kind: 'completed',
      results: [
        { connector: 'a', value: null },
        { connector: 'b', value: 'b' },
        { connector: 'c', value: 'c' },
      ],
    })
  })

  it('runs connectors concurrently, and the handlers of one in the order they were registered', async () => {
    const { bus } = openBus()
    const seen: string[] = []
    for (const [connector, name] of [
      ['a', 'a1'],
      ['b', 'b1'],
      ['a', 'a2'],
      ['b', 'b2'],
    ] as const) {
      bus.register(connector, 'on', adjust, async () => {
        seen.push(name)
        await nextTurn()
        return name
      })
    }

    const outcome = await bus.dispatch(adjust, { amount: 1 })

    assert.deepEqual(seen, ['a1', 'b1', 'a2', 'b2'])
    const values = outcome.kind === 'completed' ? outcome.results : []
    assert.deepEqual(
      values.map((each) => ('value' in each ? each.value : undefined)),
      ['a1', 'a2', 'b1', 'b2'],
    )
  })

  it('takes a result that does not match for a failure of its handler', async () => {
    const { bus } = openBus()
    const measure = defineEvent('measure', { result: Type.Object({ value: Type.Number() }) })
    bus.declare(measure, 'b')
    bus.register('a', 'on', measure, () => ({ value: 1 }))
    bus.register('b', 'on', measure, () => ({ value: 'x' }))
    bus.register('c', 'on', measure, () => undefined)

    const outcome = await bus.dispatch(measure, {}, { onError: 'continue' })

    const error = { code: 'RESULT_INVALID', name: 'CarabinerError' }
    assert.deepEqual(essence(outcome), {
      kind: 'completed',
      results: [
        { connector: 'a', value: { value: 1 } },
        {
          connector: 'b',
          error: { ...error, message: "the result's /value must be a number, is a string" },
        },
        { connector: 'c', error: { ...error, message: 'the result must be an object, is null' } },
      ],
    })
  })

  it('ends with the first failure, which aborts the siblings; after does not run', async () => {
    const { bus } = openBus()
    let isAborted = false
    let hasToldAfter = false
    bus.register('a', 'on', adjust, () => 'done')
    bus.register('b', 'on', adjust, ({ signal }) => {
      signal.addEventListener('abort', () => {
        isAborted = true
      })
      return never()
    })
    bus.register('c', 'on', adjust, async () => {
      await nextTurn()
      throw new Error('broken')
    })
    bus.register('a', 'after', adjust, () => {
      hasToldAfter = true
    })

    const outcome = await bus.dispatch(adjust, { amount: 1 })

    assert.deepEqual(essence(outcome), {
      kind: 'failed',
      phase: 'on',
      failures: [{ connector: 'c', phase: 'on', code: 'HANDLER_FAILED', message: 'broken' }],
      results: [{ connector: 'a', value: 'done' }],
    })
    assert.deepEqual([isAborted, hasToldAfter], [true, false])
  })

  it('goes on after a failure when asked: it takes its place among the results', async () => {
    const { bus } = openBus()
    let told: unknown
    bus.register('a', 'on', adjust, () => {
      throw new RangeError('broken')
    })
    bus.register('a', 'on', adjust, () => 'second of a')
    bus.register('b', 'on', adjust, () => 'b')
    bus.register('c', 'after', adjust, ({ results }) => {
      told = results
    })

    const outcome = await bus.dispatch(adjust, { amount: 1 }, { onError: 'continue' })

    const error = { code: 'HANDLER_FAILED', name: 'RangeError', message: 'broken' }
    const results = [
      { connector: 'a', error },
      { connector: 'a', value: 'second of a' },
      { connector: 'b', value: 'b' },
    ]
    assert.deepEqual(essence(outcome), { kind: 'completed', results })
    assert.deepEqual(told, results)
  })

  it('asks only the first connector that has a handler, with `first`', async () => {
    const { bus } = openBus()
    bus.register('c', 'on', adjust, () => 'c')
    bus.register('b', 'on', adjust, () => 'b')
    bus.register('a', 'on', adjust, () => 'a', {
      when: { properties: { amount: { minimum: 100 } } },
    })

    const outcome = await bus.dispatch(adjust, { amount: 1 }, { first: true })
    const nobody = await bus.dispatch(adjust, { amount: 1 }, { first: true, include: ['a'] })

    assert.deepEqual(essence(outcome), {
      kind: 'completed',
      results: [{ connector: 'b', value: 'b' }],
    })
    assert.deepEqual(essence(nobody), { kind: 'completed', results: [] })
  })

  for (const phase of ['on', 'after'] as const) {
    it(`fails a handler that cancels from ${phase}, with the fixed message`, async () => {
      const { bus } = openBus()
      bus.register('a', phase, adjust, ({ cancel }) => cancel('no'))

      const outcome = await bus.dispatch(adjust, { amount: 1 })

      const message = `cannot cancel an event from an ${phase} handler`
      if (phase === 'after') assert.deepEqual(outcome.warnings, [{ source: 'a', message }])
      else {
        const failure = { connector: 'a', phase, code: 'CANCEL_OUTSIDE_BEFORE', message }
        assert.deepEqual(outcome.kind === 'failed' && outcome.failures, [failure])
      }
    })
  }
})

describe('around', () => {
  const aroundBus = (fails: 'set-up' | 'on' | 'tear-down' | 'nothing') => {
    const seen: string[] = []
    const { bus } = openBus()
    const event = defineEvent('framed', {
      params: Type.Object({ id: Type.String() }),
      async around({ params }) {
        await nextTurn()
        seen.push(`set up ${params.id}`)
        if (fails === 'set-up') throw new Error('no set-up')
        return () => {
          seen.push('torn down')
          if (fails === 'tear-down') throw new Error('no tear-down')
        }
      },
    })
    bus.declare(event, 'b')
    bus.register('a', 'on', event, () => {
      seen.push('on')
      if (fails === 'on') throw new Error('no on')
    })
    return { bus, event, seen }
  }

  it('frames the on phase', async () => {
    const { bus, event, seen } = aroundBus('nothing')

    assert.equal((await bus.dispatch(event, { id: 'x' })).kind, 'completed')
    assert.deepEqual(seen, ['set up x', 'on', 'torn down'])
  })

  it('tears down after an error', async () => {
    const { bus, event, seen } = aroundBus('on')

    assert.equal((await bus.dispatch(event, { id: 'x' })).kind, 'failed')
    assert.deepEqual(seen, ['set up x', 'on', 'torn down'])
  })

  for (const fails of ['set-up', 'tear-down'] as const) {
    it(`fails the event in the name of the event's connector when the ${fails} fails`, async () => {
      const { bus, event } = aroundBus(fails)

      const outcome = await bus.dispatch(event, { id: 'x' })

      const message = `no ${fails}`
      const failure = { connector: 'b', phase: 'on', code: 'HANDLER_FAILED', message }
      assert.deepEqual(outcome.kind === 'failed' && outcome.failures, [failure])
    })
  }

  it('is left out in a dry run and when nobody handles the event', async () => {
    const { bus, event, seen } = aroundBus('nothing')

    await bus.dispatch(event, { id: 'x' }, { dryRun: true })
    await bus.dispatch(event, { id: 'x' }, { exclude: ['a'] })

    assert.deepEqual(seen, [])
  })
})

describe('the after phase', () => {
  it('turns failures into warnings: the thing has happened', async () => {
    const failures: unknown[] = []
    const observe = {
      finished: () => {},
      handlerFailed: (failure: unknown) => void failures.push(failure),
    }
    const { bus, lines } = openBus({ observe })
    bus.register('a', 'on', adjust, () => 1)
    bus.register('b', 'after', adjust, () => Promise.reject(new Error('broken')), {
      name: 'teller',
    })

    const outcome = await bus.dispatch(adjust, { amount: 1 })

    assert.equal(outcome.kind, 'completed')
    assert.deepEqual(outcome.warnings, [{ source: 'b/teller', message: 'broken' }])
    const failure = { connector: 'b', phase: 'after', code: 'HANDLER_FAILED', message: 'broken' }
    assert.deepEqual(failures, [failure])
    assert.equal(lines[0]?.message, 'after handler failed: broken')
  })

  it('leaves a handler behind that outlives the deadline', async () => {
    const clock = new FakeClock()
    const { bus } = openBus({ clock })
    bus.register('a', 'after', adjust, never)

    const dispatching = bus.dispatch(adjust, { amount: 1 })
    await nextTurn()
    await clock.advance(30_000)
    const outcome = await dispatching

    assert.equal(outcome.kind, 'completed')
    assert.match(outcome.warnings[0]?.message ?? '', /deadline of 30s/)
  })
})

describe('the outbox', () => {
  const store = (answers: { ready?: () => void; commit?: () => Promise<void> } = {}) => {
    const commits: (readonly string[])[] = []
    const outbox = {
      ready: answers.ready ?? (() => {}),
      commit: async (owed: readonly string[]) => {
        commits.push(owed)
        await answers.commit?.()
      },
    }
    return { ...openBus<string>({ outbox }), commits }
  }

  it('gets everything owed in one commit, before the dispatch resolves', async () => {
    let isDurable = false
    const { bus, commits } = store({
      commit: async () => {
        await nextTurn()
        isDurable = true
      },
    })
    bus.register('a', 'on', adjust, () => 7)
    bus.owe('b', adjust, ({ results, params }) => [JSON.stringify({ results, params })])
    bus.owe('a', adjust, () => ['one', 'two'])
    bus.owe('c', adjust, () => ['not this'], { when: { properties: { amount: { minimum: 5 } } } })

    const outcome = await bus.dispatch(adjust, { amount: 1 })

    const told = '{"results":[{"connector":"a","value":7}],"params":{"amount":1}}'
    assert.deepEqual(commits, [['one', 'two', told]])
    assert.deepEqual([outcome.kind, isDurable], ['completed', true])
  })

  it('that is not writable fails the event before anything happens', async () => {
    const ran: string[] = []
    const { bus, commits } = store({
      ready: () => {
        throw new Error('disk full')
      },
    })
    bus.register('a', 'before', adjust, () => void ran.push('before'))
    bus.register('a', 'on', adjust, () => void ran.push('on'))
    bus.owe('b', adjust, () => ['one'])

    const outcome = await bus.dispatch(adjust, { amount: 1 })

    const code = 'STORE_UNAVAILABLE'
    assert.deepEqual(essence(outcome), {
      kind: 'failed',
      phase: 'before',
      failures: [{ connector: 'host', phase: 'before', code, message: 'disk full' }],
      results: [],
    })
    assert.deepEqual([ran, commits], [['before'], []])
  })

  it('that cannot commit fails the event after it happened, with the results', async () => {
    const { bus } = store({ commit: () => Promise.reject(new Error('disk full')) })
    bus.register('a', 'on', adjust, () => 7)
    bus.owe('b', adjust, () => ['one'])

    const outcome = await bus.dispatch(adjust, { amount: 1 })

    const code = 'DELIVERY_NOT_STORED'
    assert.deepEqual(essence(outcome), {
      kind: 'failed',
      phase: 'after',
      failures: [{ connector: 'host', phase: 'after', code, message: 'disk full' }],
      results: [{ connector: 'a', value: 7 }],
    })
  })

  it('is waited for beyond the deadline: the caller learns the truth', async () => {
    const clock = new FakeClock()
    const gate = Promise.withResolvers<void>()
    const outbox = { ready: () => {}, commit: () => gate.promise }
    const { bus } = openBus<string>({ outbox, clock })
    bus.owe('b', adjust, () => ['one'])
    const outcomes: Outcome[] = []

    const dispatching = bus.dispatch(adjust, { amount: 1 }).then((outcome) => {
      outcomes.push(outcome)
    })
    await nextTurn()
    await clock.advance(60_000)
    assert.equal(outcomes.length, 0)
    gate.resolve()
    await dispatching

    assert.equal(outcomes[0]?.kind, 'completed')
  })

  it('gets nothing of an event that did not complete, nor in a dry run', async () => {
    const { bus, commits } = store()
    bus.owe('b', adjust, () => ['one'])
    bus.register('a', 'before', adjust, ({ params, cancel }) => {
      if (params.amount === 1) cancel('no')
    })
    bus.register('a', 'on', adjust, () => {
      throw new Error('broken')
    })

    await bus.dispatch(adjust, { amount: 1 })
    await bus.dispatch(adjust, { amount: 2 })
    await bus.dispatch(adjust, { amount: 3 }, { dryRun: true })
    await bus.dispatch(adjust, { amount: 4 }, { phases: ['before'] })

    assert.deepEqual(commits, [])
  })

  it('gets what the others owe when one collector fails, which the outcome says', async () => {
    const { bus, commits } = store()
    bus.owe('a', adjust, () => {
      throw new Error('no body')
    })
    bus.owe('b', adjust, () => ['one'])

    const outcome = await bus.dispatch(adjust, { amount: 1 })

    assert.deepEqual(commits, [['one']])
    const [failure] = outcome.kind === 'failed' ? outcome.failures : []
    assert.deepEqual([failure?.connector, failure?.code], ['a', 'DELIVERY_NOT_STORED'])
  })

  it('has to be there before anything can be owed', () => {
    assert.throws(() => openBus().bus.owe('a', adjust, () => []), /no outbox/)
  })
})

describe('a dry run', () => {
  it('runs the before phase only and tells who was not asked', async () => {
    const { bus } = openBus()
    const ran: string[] = []
    bus.register('a', 'before', adjust, ({ dryRun }) => void ran.push(`before ${dryRun}`))
    bus.register('b', 'before', adjust, () => void ran.push('side effect'), {
      sideEffects: true,
      name: 'payer',
    })
    bus.register('a', 'on', adjust, () => void ran.push('on'))
    bus.register('a', 'after', adjust, () => void ran.push('after'))

    const outcome = await bus.dispatch(adjust, { amount: 1 }, { dryRun: true })

    assert.deepEqual(essence(outcome), { kind: 'completed', results: [], unknown: ['b/payer'] })
    assert.equal(outcome.dryRun, true)
    assert.deepEqual(ran, ['before true'])
  })
})

describe('who takes part', () => {
  const all = () => {
    const { bus } = openBus()
    const ran: string[] = []
    for (const phase of ['before', 'on', 'after'] as const) {
      for (const connector of ['a', 'b']) {
        bus.register(connector, phase, adjust, () => void ran.push(`${connector} ${phase}`))
      }
    }
    return { bus, ran }
  }

  it('can be narrowed by include, exclude and phases', async () => {
    const { bus, ran } = all()

    await bus.dispatch(adjust, { amount: 1 }, { include: ['a'], phases: ['before', 'after'] })
    await bus.dispatch(adjust, { amount: 1 }, { exclude: ['a'], phases: ['on'] })
    await bus.dispatch(adjust, { amount: 1 }, { include: ['a'], exclude: ['a'] })

    assert.deepEqual(ran, ['a before', 'a after', 'b on'])
  })

  it('cannot be somebody who is not there', async () => {
    const { bus } = openBus()
    bus.connectors(['webhooks'])

    for (const option of ['include', 'exclude']) {
      const dispatching = bus.dispatch(adjust, { amount: 1 }, { [option]: ['webhook'] })
      await assert.rejects(dispatching, {
        code: 'CONNECTOR_UNKNOWN',
        message: /did you mean `webhooks`\?/,
      })
    }
    await assert.rejects(
      bus.dispatch(adjust, { amount: 1 }, { phases: ['befor' as 'on'] }),
      /befor/,
    )
  })

  it('is not a handler that was disposed meanwhile, nor one that came meanwhile', async () => {
    const { bus, ran } = all()
    const late = bus.register('c', 'on', adjust, () => void ran.push('late'))
    bus.register('c', 'before', adjust, () => {
      late[Symbol.dispose]()
      bus.register('c', 'after', adjust, () => void ran.push('new'))
    })

    await bus.dispatch(adjust, { amount: 1 })

    assert.deepEqual(ran, ['a before', 'b before', 'a on', 'b on', 'a after', 'b after'])
  })
})

describe('the deadline', () => {
  it('is the smallest of the dispatch, the event and the host', async () => {
    const clock = new FakeClock()
    const { bus } = openBus({ clock })
    const quick = defineEvent('quick', { timeout: 5 })
    const patient = defineEvent('patient', { timeout: 60 })
    const left: number[] = []
    for (const event of [quick, patient]) {
      bus.declare(event, 'a')
      bus.register('a', 'on', event, ({ deadline }) => void left.push(deadline - clock.now()))
    }
    bus.register('a', 'on', adjust, ({ deadline }) => void left.push(deadline - clock.now()))

    await bus.dispatch(quick, {})
    await bus.dispatch(quick, {}, { timeout: '1s' })
    await bus.dispatch(quick, {}, { timeout: 10 })
    await bus.dispatch(patient, {})
    await bus.dispatch(adjust, { amount: 1 })

    assert.deepEqual(left, [5_000, 1_000, 5_000, 60_000, 30_000])
  })

  for (const phase of ['before', 'on'] as const) {
    it(`fails the event in the ${phase} phase, aborts, and ignores what comes later`, async () => {
      const clock = new FakeClock()
      const { bus } = openBus({ clock })
      const late = Promise.withResolvers<void>()
      let isAborted = false
      bus.register('a', phase, adjust, async ({ signal, warn }) => {
        signal.addEventListener('abort', () => {
          isAborted = true
        })
        await late.promise.catch(() => warn('too late'))
        throw new Error('far too late')
      })

      const dispatching = bus.dispatch(adjust, { amount: 1 }, { onError: 'continue' })
      await nextTurn()
      await clock.advance(30_000)
      const outcome = await dispatching
      late.reject(new Error('late'))
      await nextTurn()

      const message = 'the deadline of 30s was reached'
      assert.deepEqual(essence(outcome), {
        kind: 'failed',
        phase,
        failures: [{ connector: 'a', phase, code: 'DEADLINE_EXCEEDED', message }],
        results: [],
      })
      assert.deepEqual([isAborted, outcome.warnings, clock.waiting], [true, [], 0])
    })
  }

  it('comes with the caller giving up', async () => {
    const { bus } = openBus()
    const caller = new AbortController()
    bus.register('a', 'before', adjust, never)

    const dispatching = bus.dispatch(adjust, { amount: 1 }, { signal: caller.signal })
    await nextTurn()
    caller.abort()
    const outcome = await dispatching
    const atOnce = await bus.dispatch(adjust, { amount: 1 }, { signal: caller.signal })

    const failure = { phase: 'before', code: 'DEADLINE_EXCEEDED', message: 'the caller gave up' }
    assert.deepEqual(outcome.kind === 'failed' && outcome.failures, [
      { connector: 'a', ...failure },
    ])
    assert.deepEqual(atOnce.kind === 'failed' && atOnce.failures, [
      { connector: 'host', ...failure },
    ])
  })

  it('is noticed when a handler blocked the event loop past it', async () => {
    const clock = new FakeClock()
    const { bus } = openBus({ clock })
    let hasRun = false
    bus.register('a', 'before', adjust, () => void clock.advance(40_000))
    bus.register('a', 'on', adjust, () => {
      hasRun = true
    })

    const outcome = await bus.dispatch(adjust, { amount: 1 })

    assert.equal(outcome.kind === 'failed' && outcome.failures[0]?.code, 'DEADLINE_EXCEEDED')
    assert.equal(hasRun, false)
  })

  it('of one handler fails that handler alone', async () => {
    const clock = new FakeClock()
    const { bus } = openBus({ clock })
    let reason: unknown
    const slow = ({ signal }: { signal: AbortSignal }): Promise<never> => {
      signal.addEventListener('abort', () => {
        reason = signal.reason
      })
      return never()
    }
    bus.register('a', 'on', adjust, slow, { timeout: '2s' })
    bus.register('a', 'on', adjust, () => 'next')
    bus.register('b', 'on', adjust, () => 'b')

    const dispatching = bus.dispatch(adjust, { amount: 1 }, { onError: 'continue' })
    await nextTurn()
    await clock.advance(2_000)
    const outcome = await dispatching

    const message = 'did not answer within its timeout of 2s'
    const error = { code: 'HANDLER_TIMEOUT', name: 'CarabinerError', message }
    assert.deepEqual(essence(outcome), {
      kind: 'completed',
      results: [
        { connector: 'a', error },
        { connector: 'a', value: 'next' },
        { connector: 'b', value: 'b' },
      ],
    })
    assert.ok(reason instanceof CarabinerError && reason.code === 'HANDLER_TIMEOUT')
  })
})

describe('an event dispatched by a handler', () => {
  it('is refused when it stands in its own chain, which is shown', async () => {
    const { bus } = openBus()
    const measure = defineEvent('measure')
    bus.declare(measure, 'b')
    bus.register('a', 'on', adjust, async () => {
      await nextTurn()
      return (await bus.dispatch(measure, {})).kind
    })
    bus.register('b', 'on', measure, async () => {
      await nextTurn()
      await bus.dispatch(adjust, { amount: 1 })
    })
    const failures: string[] = []
    bus.register('c', 'on', measure, () => {}, {})

    const inner = await bus.dispatch(measure, {})
    if (inner.kind === 'failed') failures.push(...inner.failures.map(({ message }) => message))

    assert.equal(inner.kind, 'completed')
    const outer = await bus.dispatch(adjust, { amount: 1 })
    assert.deepEqual(outer.kind === 'completed' && outer.results, [
      { connector: 'a', value: 'failed' },
    ])
  })

  it('may stand in its own chain when it is reentrant, to a depth of 16', async () => {
    const { bus } = openBus()
    const deep = defineEvent('deep', { reentrant: true })
    bus.declare(deep, 'a')
    const depths: number[] = []
    let refusal: unknown
    bus.register('a', 'on', deep, async ({ depth }) => {
      depths.push(depth)
      await bus.dispatch(deep, {}).catch((error: unknown) => {
        refusal = error
      })
    })

    await bus.dispatch(deep, {})

    assert.deepEqual(depths, [...Array(17).keys()])
    assert.ok(refusal instanceof CarabinerError)
    assert.equal(refusal.code, 'EVENT_RECURSION')
    assert.match(refusal.message, /deeper than 16: deep → deep/)
  })

  it('is refused beyond depth 16 carried over HTTP', async () => {
    const { bus } = openBus()
    let depth: number | undefined
    bus.register('a', 'on', adjust, (context) => {
      depth = context.depth
    })

    await bus.dispatch(adjust, { amount: 1 }, { depth: 16 })
    assert.equal(depth, 16)
    const tooDeep = bus.dispatch(adjust, { amount: 1 }, { depth: 17 })
    await assert.rejects(tooDeep, { code: 'EVENT_RECURSION' })
  })

  it('is not refused because another dispatch of it is in flight', async () => {
    const { bus } = openBus()
    bus.register('a', 'on', adjust, nextTurn)

    const outcomes = await Promise.all([1, 2, 3].map((amount) => bus.dispatch(adjust, { amount })))

    assert.deepEqual(
      outcomes.map(({ kind }) => kind),
      ['completed', 'completed', 'completed'],
    )
  })

  it('is not refused when the handler that planned it is long done', async () => {
    const { bus } = openBus()
    const again = Promise.withResolvers<Outcome>()
    bus.register('a', 'on', adjust, async ({ params }) => {
      await nextTurn()
      if (params.amount === 1) {
        setImmediate(() => setImmediate(() => again.resolve(bus.dispatch(adjust, { amount: 2 }))))
      }
    })

    await bus.dispatch(adjust, { amount: 1 })

    assert.equal((await again.promise).kind, 'completed')
  })

  it('sees the async context of its caller', async () => {
    const { bus } = openBus()
    const caller = new AsyncLocalStorage<string>()
    const seen: (string | undefined)[] = []
    bus.register('a', 'before', adjust, async () => {
      seen.push(caller.getStore())
      await nextTurn()
      seen.push(caller.getStore())
    })
    bus.register('a', 'on', adjust, () => void seen.push(caller.getStore()))

    await caller.run('mine', () => bus.dispatch(adjust, { amount: 1 }))

    assert.deepEqual(seen, ['mine', 'mine', 'mine'])
    assert.equal(caller.getStore(), undefined)
  })
})

describe('the bus', () => {
  it('refuses an event that two connectors declare, naming both', () => {
    const { bus } = openBus()

    assert.throws(() => bus.declare(defineEvent('adjust'), 'c'), {
      code: 'EVENT_DUPLICATE',
      message: /`adjust` is declared by `a` and by `c`/,
    })
    assert.throws(() => bus.declare(defineEvent('startup'), 'c'), /by the host and by `c`/)
  })

  it('suggests the event that was probably meant', async () => {
    const { bus } = openBus()
    const message = 'there is no event `adjsut`; did you mean `adjust`?'

    await assert.rejects(bus.dispatch('adjsut', {}), { code: 'EVENT_UNKNOWN', message })
    assert.throws(() => bus.register('a', 'on', 'adjsut', () => {}), { message })
    assert.throws(() => bus.event('something-else'), {
      message: 'there is no event `something-else`',
    })
  })

  it('refuses handlers it does not understand', () => {
    const { bus } = openBus()
    const wrong: [options: object, why: RegExp][] = [
      [{ priority: 1.5 }, /priority .* no integer/],
      [{ prioritty: 1 }, /unknown option `prioritty`/],
      [{ timeout: '5 s' }, /contains a space/],
      [{ when: { typo: 1 } }, /`when` of the handler of `a` for `before:adjust`: .*typo/],
    ]

    assert.throws(() => bus.register('a', 'before', adjust, 1 as never), /is no function/)
    for (const [options, why] of wrong) {
      assert.throws(() => bus.register('a', 'before', adjust, () => {}, options), why)
    }
  })

  it('lists handlers in run order, what is owed last', () => {
    const outbox = { ready: () => {}, commit: () => Promise.resolve() }
    const { bus } = openBus<string>({ outbox })
    bus.owe('a', adjust, () => [], { name: 'hook', describe: { kind: 'delivery', path: [0] } })
    bus.register('b', 'after', adjust, () => {})
    bus.register('b', 'before', adjust, () => {}, { priority: 3, timeout: '2s' })
    bus.register('a', 'before', adjust, () => {})
    bus.register('c', 'before', adjust, () => {}, {
      name: 'gate',
      describe: {
        kind: 'webhook',
        timeoutMs: 9,
        onFailure: 'allow',
        mode: 'warn',
        decision: 'callback',
        path: [1, 'url'],
      },
    })

    const { before, on, after } = bus.handlers('adjust')

    const plain = {
      kind: 'handler',
      priority: 0,
      timeoutMs: null,
      onFailure: null,
      mode: null,
      decision: null,
      path: null,
    }
    assert.deepEqual(before, [
      { ...plain, connector: 'b', name: 'b', priority: 3, timeoutMs: 2_000 },
      { ...plain, connector: 'a', name: 'a' },
      {
        ...{ connector: 'c', name: 'gate', kind: 'webhook', priority: 0, timeoutMs: 9 },
        ...{ onFailure: 'allow', mode: 'warn', decision: 'callback', path: [1, 'url'] },
      },
    ])
    assert.deepEqual(on, [])
    assert.deepEqual(after, [
      { ...plain, connector: 'b', name: 'b' },
      { ...plain, connector: 'a', name: 'hook', kind: 'delivery', path: [0] },
    ])
  })

  it('knows what is in flight and when it is idle', async () => {
    const { bus } = openBus()
    const gate = Promise.withResolvers<void>()
    bus.register('a', 'on', adjust, () => gate.promise)
    let isIdle = false

    const dispatching = bus.dispatch(adjust, { amount: 1 })
    const idle = bus.idle().then(() => {
      isIdle = true
    })
    await nextTurn()
    assert.deepEqual([bus.inFlight, isIdle], [1, false])
    gate.resolve()
    await Promise.all([dispatching, idle])

    assert.deepEqual([bus.inFlight, isIdle], [0, true])
    await bus.idle()
  })

  it('is not hurt by an observer that throws', async () => {
    const fail = (): never => {
      throw new Error('observer')
    }
    const { bus, lines } = openBus({ observe: { finished: fail, handlerFailed: fail } })
    bus.register('a', 'on', adjust, () => fail())

    assert.equal((await bus.dispatch(adjust, { amount: 1 })).kind, 'failed')
    assert.equal(lines.length, 2)
    assert.equal(bus.inFlight, 0)
  })
})

describe('what a handler gets', () => {
  it('is one object whose methods work without it', async () => {
    const { bus, lines } = openBus()
    let seen: object = {}
    bus.register('b', 'on', adjust, (context) => {
      const { event, phase, params, dispatchId, traceId, actor, dryRun, warn, log } = context
      warn('careful')
      log.info({ amount: params.amount }, 'adjusted')
      seen = { event, phase, params, dispatchId, traceId, actor, dryRun }
    })

    const outcome = await bus.dispatch(adjust, { amount: 1 }, { actor: 'ada', traceId: 't-1' })

    const { dispatchId } = outcome
    assert.deepEqual(seen, {
      ...{ event: 'adjust', phase: 'on', params: { amount: 1 }, dispatchId },
      ...{ traceId: 't-1', actor: 'ada', dryRun: false },
    })
    assert.deepEqual(outcome.warnings, [{ source: 'b', message: 'careful' }])
    assert.partialDeepStrictEqual(lines[0], {
      message: 'adjusted',
      fields: { connector: 'b', dispatchId, amount: 1 },
    })
  })

  it('carries the id of the dispatch as its trace when there is no other', async () => {
    const { dispatchId, traceId } = await openBus().bus.dispatch(adjust, { amount: 1 })

    assert.equal(traceId, dispatchId)
  })
})
