import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { currentEvent } from '../../src/bus/current-event.ts'
import { defineEvent } from '../../src/bus/event.ts'
import type { HandlerContext } from '../../src/bus/handler.ts'
import type { Outcome } from '../../src/bus/outcome.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { adjust, openBus } from '../helpers/open-bus.ts'

const connectors = ['a', 'b', 'c'] as const

/** What a handler does: at once, or after some turns of the event loop. */
interface Behaviour {
  readonly connector: (typeof connectors)[number]
  readonly does: 'answer' | 'throw' | 'cancel' | 'hang'
  readonly turns: number
  readonly priority: number
}

const behaviour = (...does: Behaviour['does'][]): fc.Arbitrary<Behaviour> =>
  fc.record({
    connector: fc.constantFrom(...connectors),
    does: fc.constantFrom(...does),
    turns: fc.nat(3),
    priority: fc.integer({ min: -1, max: 1 }),
  })

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function handlerOf({ does, turns }: Behaviour, result: unknown) {
  const act = ({ cancel }: HandlerContext<typeof adjust>): unknown => {
    if (does === 'cancel') return cancel('no')
    if (does === 'throw') throw new Error('broken')
    return does === 'hang' ? new Promise(() => {}) : result
  }
  if (turns === 0) return act
  return async (context: HandlerContext<typeof adjust>): Promise<unknown> => {
    for (let turn = 0; turn < turns; turn++) await nextTurn()
    return act(context)
  }
}

/** Dispatches, and lets the deadline come when nothing else ends the wait. */
async function outcomeOf(
  before: readonly Behaviour[],
  on: readonly Behaviour[],
  onError: 'fail' | 'continue',
): Promise<Outcome> {
  const clock = new FakeClock()
  const { bus } = openBus({ clock })
  for (const each of before) {
    bus.register(each.connector, 'before', adjust, handlerOf(each, undefined), {
      priority: each.priority,
    })
  }
  for (const [index, each] of on.entries()) {
    bus.register(each.connector, 'on', adjust, handlerOf(each, index))
  }
  const dispatching = bus.dispatch(adjust, { amount: 1 }, { onError })
  for (let turn = 0; turn < 40; turn++) await nextTurn()
  await clock.advance(30_000)
  const outcome = await dispatching
  assert.equal(clock.waiting, 0, 'a timer was left')
  assert.equal(bus.inFlight, 0)
  return outcome
}

/** What the before phase must come to, by the words of the contract. */
function decision(before: readonly Behaviour[]): 'cancelled' | 'failed' | 'allowed' {
  for (const priority of [1, 0, -1]) {
    const group = before.filter((each) => each.priority === priority)
    if (group.some(({ does }) => does === 'cancel')) return 'cancelled'
    if (group.some(({ does }) => does === 'hang')) return 'failed'
  }
  return before.some(({ does }) => does === 'throw') ? 'failed' : 'allowed'
}

describe('whatever handlers do', () => {
  it('the before phase decides as the contract says', async () => {
    const any = fc.array(behaviour('answer', 'throw', 'cancel', 'hang'), { maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(any, async (before) => {
        const outcome = await outcomeOf(before, [], 'fail')

        const expected = decision(before)
        assert.equal(outcome.kind, expected === 'allowed' ? 'completed' : expected)
        if (outcome.kind === 'failed') assert.equal(outcome.phase, 'before')
      }),
      { numRuns: 150 },
    )
  })

  it('results stand in assembly order, then as registered, none missing and none twice', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(behaviour('answer', 'throw', 'cancel'), { maxLength: 8 }),
        async (on) => {
          const outcome = await outcomeOf([], on, 'continue')

          const inOrder = connectors.flatMap((connector) =>
            [...on.entries()].filter(([, each]) => each.connector === connector),
          )
          const expected = inOrder.map(([index, { connector, does }]) =>
            does === 'answer' ? `${connector} ${index}` : `${connector} error`,
          )
          assert.equal(outcome.kind, 'completed')
          const results = outcome.kind === 'completed' ? outcome.results : []
          assert.deepEqual(
            results.map((each) => `${each.connector} ${'value' in each ? each.value : 'error'}`),
            expected,
          )
        },
      ),
      { numRuns: 150 },
    )
  })

  it('an event with on handlers alone comes to what it does when somebody is asked before', async () => {
    const allows = { connector: 'a', does: 'answer', turns: 0, priority: 0 } as const
    await fc.assert(
      fc.asyncProperty(
        fc.array(behaviour('answer', 'answer', 'throw', 'cancel', 'hang'), { maxLength: 6 }),
        fc.constantFrom('fail', 'continue'),
        async (on, onError) => {
          const [alone, asked] = [
            await outcomeOf([], on, onError),
            await outcomeOf([allows], on, onError),
          ]

          const { dispatchId, traceId, durationMs, ...rest } = asked
          assert.deepEqual(alone, {
            ...rest,
            dispatchId: alone.dispatchId,
            traceId: alone.traceId,
            durationMs: alone.durationMs,
          })
        },
      ),
      { numRuns: 100 },
    )
  })

  it('completed means that every on handler answered', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(behaviour('answer', 'answer', 'answer', 'throw', 'hang'), { maxLength: 5 }),
        async (on) => {
          const outcome = await outcomeOf([], on, 'fail')

          const isGood = on.every(({ does }) => does === 'answer')
          assert.equal(outcome.kind, isGood ? 'completed' : 'failed')
          if (outcome.kind === 'failed') {
            assert.equal(outcome.phase, 'on')
            assert.notEqual(outcome.failures.length, 0)
          }
        },
      ),
      { numRuns: 150 },
    )
  })
})

describe('dispatches at the same time', () => {
  it('each have their own deadline, whichever of them end in the turn they began in', async () => {
    const microtasks = fc.option(fc.nat(6), { nil: undefined })
    await fc.assert(
      fc.asyncProperty(fc.array(microtasks, { maxLength: 12 }), async (waits) => {
        const clock = new FakeClock()
        const { bus } = openBus({ clock })
        bus.register('a', 'on', adjust, async ({ params }) => {
          const wait = waits[params.amount]
          if (wait === undefined) return new Promise(() => {})
          for (let at = 0; at < wait; at++) await null
          return wait
        })

        const dispatching = waits.map((_, amount) => bus.dispatch(adjust, { amount }))
        await nextTurn()
        await nextTurn()
        assert.equal(clock.waiting, waits.filter((wait) => wait === undefined).length)
        await clock.advance(30_000)

        const kinds = (await Promise.all(dispatching)).map(({ kind }) => kind)
        const expected = waits.map((wait) => (wait === undefined ? 'failed' : 'completed'))
        assert.deepEqual(kinds, expected)
        assert.equal(clock.waiting, 0)
      }),
      { numRuns: 100 },
    )
  })
})

describe('currentEvent', () => {
  it('is undefined outside of handlers', () => {
    assert.equal(currentEvent(), undefined)
  })

  it('tells every handler about itself after any number of awaits, among any others', async () => {
    const { bus } = openBus()
    const inner = defineEvent('inner')
    bus.declare(inner, 'c')
    let checks = 0
    const check = (event: string, phase: string, connector: string, dispatchId: string): void => {
      const now = currentEvent()
      assert.deepEqual(
        [now?.event, now?.phase, now?.connector, now?.dispatchId],
        [event, phase, connector, dispatchId],
      )
      checks++
    }
    for (const event of [adjust, inner] as const) {
      for (const phase of ['before', 'on', 'after'] as const) {
        for (const [index, connector] of [...connectors, ...connectors].entries()) {
          bus.register(connector, phase, event, async ({ dispatchId, params }) => {
            check(event.name, phase, connector, dispatchId)
            for (let turn = 0; turn < index; turn++) {
              await (turn % 2 === 0 ? null : nextTurn())
              check(event.name, phase, connector, dispatchId)
            }
            if (event === adjust && index < 3) await bus.dispatch(inner, {})
            check(event.name, phase, connector, dispatchId)
            assert.equal(Object.isFrozen(params), true)
          })
          bus.register(connector, phase, event, ({ dispatchId }) => {
            check(event.name, phase, connector, dispatchId)
          })
        }
      }
    }

    const outcomes = await Promise.all(
      Array.from({ length: 5 }, (_, amount) => bus.dispatch(adjust, { amount })),
    )

    for (const outcome of outcomes) {
      assert.equal(outcome.kind, 'completed')
      assert.deepEqual(outcome.warnings, [])
    }
    assert.ok(checks > 1_000, String(checks))
    assert.equal(currentEvent(), undefined)
  })

  it('says nothing to the caller: handlers run when dispatch has returned, in a context of their own', async () => {
    const { bus } = openBus()
    let hasRun = false
    bus.register('a', 'on', adjust, () => {
      hasRun = true
    })

    const dispatching = bus.dispatch(adjust, { amount: 1 })
    assert.deepEqual([hasRun, currentEvent()], [false, undefined])
    await dispatching

    assert.deepEqual([hasRun, currentEvent()], [true, undefined])
  })

  it('never takes what a handler left behind for a part of a later dispatch', async () => {
    const { bus } = openBus()
    const [over, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const leftovers: Promise<unknown>[] = []
    const leaveBehind = async (): Promise<unknown> => {
      await over.promise
      const seen = currentEvent()
      gate.resolve()
      return seen ?? (await bus.dispatch(adjust, { amount: 3 })).kind
    }
    bus.register('a', 'on', adjust, ({ params }) => {
      if (params.amount === 1) leftovers.push(leaveBehind())
      return params.amount === 2 ? gate.promise : undefined
    })

    await bus.dispatch(adjust, { amount: 1 })
    const later = bus.dispatch(adjust, { amount: 2 })
    await nextTurn()
    over.resolve()

    assert.equal((await later).kind, 'completed')
    assert.deepEqual(await Promise.all(leftovers), ['completed'])
  })

  it('says when the handler began', async () => {
    const clock = new FakeClock()
    const { bus } = openBus({ clock })
    const began: (number | undefined)[] = []
    bus.register('a', 'before', adjust, async () => {
      await nextTurn()
      began.push(currentEvent()?.startedAt)
    })
    bus.register('a', 'on', adjust, () => void began.push(currentEvent()?.startedAt))
    const start = clock.now()

    const dispatching = bus.dispatch(adjust, { amount: 1 })
    await clock.advance(500)
    await dispatching

    assert.deepEqual(began, [start, start + 500])
  })
})
