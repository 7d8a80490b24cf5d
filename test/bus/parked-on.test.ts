import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Type } from 'typebox'
import { defineEvent } from '../../src/bus/event.ts'
import type { Outcome } from '../../src/bus/outcome.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { adjust, openBus } from '../helpers/open-bus.ts'
import { essence, openParkingBus } from './parking-bus.ts'

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const never = (): Promise<never> => new Promise(() => {})

describe('a result left to a callback', () => {
  it('is its payload, in its place among the results', async () => {
    const { bus, parking } = openParkingBus()
    const after: unknown[] = []
    bus.register('a', 'on', adjust, () => 1)
    bus.register('b', 'on', adjust, () => parking.open(), { name: 'work' })
    bus.register('c', 'on', adjust, () => 3)
    bus.register('a', 'after', adjust, ({ results }) => void after.push(...results))

    const dispatching = bus.dispatch(adjust, { amount: 1 })
    await nextTurn()
    const { results, waits, phase } = parking.stand()
    assert.deepEqual([phase, bus.inFlight], ['on', 0])
    assert.deepEqual(
      waits.map(({ by, place }) => [by, place]),
      [['b/work', 0]],
    )
    assert.deepEqual(results, [
      { place: 0, result: { connector: 'a', value: 1 } },
      { place: 0, result: { connector: 'c', value: 3 } },
    ])
    await parking.answer('c1', { payload: 2 })

    assert.deepEqual(essence(await dispatching), [1, 2, 3])
    assert.equal(after.length, 3)
    assert.deepEqual(parking.calls, ['park on', 'resume', 'begin after', 'end completed'])
  })

  it('is waited for by the rest of its lane alone', async () => {
    const { bus, parking } = openParkingBus()
    const seen: string[] = []
    bus.register('a', 'on', adjust, () => parking.open())
    bus.register('a', 'on', adjust, () => void seen.push('a after the answer'))
    bus.register('b', 'on', adjust, async () => parking.open())
    bus.register('b', 'on', adjust, () => parking.open())
    bus.register('c', 'on', adjust, () => void seen.push('c'))

    const dispatching = bus.dispatch(adjust, { amount: 1 })
    await nextTurn()
    assert.deepEqual(seen, ['c'])
    const first = await parking.answer('c1', { payload: 'x' })
    assert.deepEqual([seen, essence(first)], [['c', 'a after the answer'], ['b c2']])
    const second = await parking.answer('c2', { payload: 'y' })
    assert.deepEqual(essence(second), ['b c3'])
    await parking.answer('c3', { payload: 'z' })

    assert.deepEqual(essence(await dispatching), ['x', null, 'y', 'z', null])
  })

  it('goes on after a restart: lanes with the handlers of then, results where they belong', async () => {
    const { bus, parking } = openParkingBus()
    bus.register('a', 'on', adjust, () => 'a0')
    bus.register('a', 'on', adjust, () => parking.open('a1'))
    bus.register('b', 'on', adjust, () => parking.open('b0'))
    bus.register('gone', 'on', adjust, () => 'gone0')
    bus.register('gone', 'on', adjust, () => parking.open('gone1'))
    await bus.dispatch(adjust, { amount: 2 }, { park: 'return' })
    const second = openBus({ parking }).bus
    parking.bus = second
    const seen: string[] = []
    for (const name of ['c0', 'b0', 'b1', 'a0', 'a1', 'a2']) {
      second.register(name.charAt(0), 'on', adjust, () => {
        seen.push(name)
        return name
      })
    }

    await parking.answer('gone1', { payload: 'gone answer' })
    await parking.answer('a1', { payload: 'a answer' })
    const outcome = await parking.answer('b0', { payload: 'b answer' })

    assert.deepEqual(seen, ['a2', 'b1'])
    assert.deepEqual(essence(outcome), [
      ...['a0', 'a answer', 'a2', 'b answer', 'b1', 'gone0', 'gone answer'],
    ])
  })

  const failures = [
    [{ error: 'out of paper' }, 'CALLBACK_FAILED: out of paper'],
    ['expired', 'CALLBACK_EXPIRED: callback timed out'],
    [{ payload: 'text' }, 'RESULT_INVALID: the result must be a number, is a string'],
  ] as const
  for (const [answer, failure] of failures) {
    it(`fails the dispatch when answered with ${JSON.stringify(answer)}`, async () => {
      const { bus, parking } = openParkingBus()
      const count = defineEvent('count', { result: Type.Number() })
      bus.declare(count, 'a')
      const seen: string[] = []
      // Proof of the cast: handlers registered with the bus return anything.
      bus.register('a', 'on', count, () => parking.open() as unknown)
      bus.register('b', 'on', count, () => parking.open('other') as unknown)
      bus.register('b', 'after', count, () => void seen.push('after'))

      const dispatching = bus.dispatch(count, {})
      await nextTurn()
      await parking.answer('c1', answer)

      assert.deepEqual(essence(await dispatching), ['on', failure])
      assert.deepEqual([seen, parking.stateOf('other')], [[], 'withdrawn'])
    })

    it(`goes among the results under \`continue\`: ${failure}`, async () => {
      const { bus, parking } = openParkingBus()
      const count = defineEvent('count', { result: Type.Number() })
      bus.declare(count, 'a')
      bus.register('a', 'on', count, () => parking.open() as unknown)
      bus.register('a', 'on', count, () => 5)

      const dispatching = bus.dispatch(count, {}, { onError: 'continue' })
      await nextTurn()
      await parking.answer('c1', answer)

      assert.deepEqual(essence(await dispatching), [failure.split(':')[0], 5])
    })
  }

  it('is withdrawn when another handler fails, and aborts those that run when it fails', async () => {
    const { bus, parking } = openParkingBus()
    bus.register('a', 'on', adjust, () => parking.open())
    bus.register('b', 'on', adjust, async () => {
      await nextTurn()
      throw new Error('broken')
    })

    const outcome = await bus.dispatch(adjust, { amount: 1 })

    assert.deepEqual(essence(outcome), ['on', 'HANDLER_FAILED: broken'])
    assert.equal(parking.stateOf('c1'), 'withdrawn')
  })

  it('is the only one with `first`, with the rest of its lane', async () => {
    const { bus, parking } = openParkingBus()
    bus.register('a', 'on', adjust, () => parking.open())
    bus.register('a', 'on', adjust, () => 'also a')
    bus.register('b', 'on', adjust, () => 'not asked')

    const dispatching = bus.dispatch(adjust, { amount: 1 }, { first: true })
    await nextTurn()
    await parking.answer('c1', { payload: 'a' })

    assert.deepEqual(essence(await dispatching), ['a', 'also a'])
  })

  it('known before it is parked is acted on at once', async () => {
    const { bus, parking } = openParkingBus()
    bus.register('a', 'on', adjust, async () => {
      const callback = await parking.open()
      await parking.answer(callback.id, { payload: 'early' })
      return callback
    })
    bus.register('a', 'on', adjust, () => 'next')

    const outcome = await bus.dispatch(adjust, { amount: 1 }, { park: 'return' })

    assert.deepEqual(essence(outcome), ['early', 'next'])
    assert.deepEqual(parking.calls, ['park on', 'begin after', 'end completed'])
  })

  it('fails the dispatch that cannot be stored, and not as if nothing had been done', async () => {
    const { bus, parking } = openParkingBus()
    parking.refuses = ['park']
    bus.register('a', 'on', adjust, () => parking.open())

    const outcome = await bus.dispatch(adjust, { amount: 1 })

    assert.deepEqual(essence(outcome), ['on', 'DELIVERY_NOT_STORED: the store is away'])
    assert.equal(parking.stateOf('c1'), 'withdrawn')
  })

  it('has to come within the deadline where the event does not park, or nothing can be stored', async () => {
    for (const canPark of [true, false]) {
      const clock = new FakeClock()
      const { bus, parking } = openParkingBus({ clock })
      const other = openBus({ clock }).bus
      const ask = defineEvent('ask', { parks: false })
      bus.declare(ask, 'a')
      const [on, event] = canPark ? [bus, ask] : [other, adjust]
      on.register('a', 'on', event, () => parking.open())
      on.register('a', 'on', event, () => 'next')

      const answered = on.dispatch(event, canPark ? {} : { amount: 1 })
      const late = on.dispatch(event, canPark ? {} : { amount: 1 })
      await nextTurn()
      await parking.answer('c1', { payload: 'in time' })
      assert.deepEqual(essence(await answered), ['in time', 'next'])
      await clock.advance(30_000)

      assert.match(String(essence(await late)), /^on,DEADLINE_EXCEEDED/)
      assert.ok(parking.calls.every((call) => call.startsWith('withdraw')))
      assert.equal(clock.waiting, 0)
    }
  })
})

describe('an answer that an on handler awaits', () => {
  it('does not cost it time: it is held, and has all of its time afterwards', async () => {
    const clock = new FakeClock()
    const { bus, parking } = openParkingBus({ clock })
    const left: number[] = []
    bus.register('a', 'on', adjust, async (context) => {
      const callback = await parking.open()
      await clock.sleep(9_000)
      const said = await callback.result
      left.push(context.deadline - clock.now())
      await clock.sleep(9_000)
      return [said, context.signal.aborted]
    })

    const dispatching = bus.dispatch(adjust, { amount: 1 }, { timeout: '10s' })
    await nextTurn()
    await clock.advance(9_000)
    await nextTurn()
    assert.deepEqual([parking.stand().isHeld, bus.inFlight], [true, 0])
    await clock.advance(3_600_000)
    await parking.answer('c1', { payload: 'paid' })
    await nextTurn()
    assert.equal(bus.inFlight, 1)
    await clock.advance(9_000)
    const outcome = await dispatching

    assert.deepEqual(essence(outcome), [['paid', false]])
    assert.deepEqual(left, [10_000])
    assert.equal(outcome.durationMs, 18_000)
    assert.deepEqual(parking.calls, ['park on held', 'begin on', 'begin after', 'end completed'])
    assert.deepEqual([bus.inFlight, clock.waiting], [0, 0])
  })

  it('does not cost the handler its own timeout, either', async () => {
    const clock = new FakeClock()
    const { bus, parking } = openParkingBus({ clock })
    const work = async (): Promise<unknown> => {
      const callback = await parking.open()
      await clock.sleep(1_500)
      await callback.result
      await clock.sleep(1_500)
      return 'done'
    }
    bus.register('a', 'on', adjust, work, { timeout: '2s' })

    const dispatching = bus.dispatch(adjust, { amount: 1 })
    await nextTurn()
    await clock.advance(1_500)
    await nextTurn()
    await clock.advance(60_000)
    await parking.answer('c1', { payload: null })
    await nextTurn()
    await clock.advance(1_500)

    assert.deepEqual(essence(await dispatching), ['done'])
    assert.equal(clock.waiting, 0)
  })

  it('rejects where it is awaited, and a handler may do without it', async () => {
    const { bus, parking } = openParkingBus()
    bus.register('a', 'on', adjust, async () => {
      const callback = await parking.open('one')
      try {
        return await callback.result
      } catch (error) {
        return String(error)
      }
    })
    bus.register('b', 'on', adjust, async () => (await parking.open('two')).result)

    const dispatching = bus.dispatch(adjust, { amount: 1 }, { onError: 'continue' })
    await nextTurn()
    await parking.answer('one', { error: 'jammed' })
    await nextTurn()
    await parking.answer('two', 'expired')

    const expected = ['CarabinerError: jammed', 'CALLBACK_EXPIRED']
    assert.deepEqual(essence(await dispatching), expected)
  })

  it('costs time while somebody else works', async () => {
    const clock = new FakeClock()
    const { bus, parking } = openParkingBus({ clock })
    bus.register('a', 'on', adjust, async () => (await parking.open()).result)
    bus.register('b', 'on', adjust, never)

    const dispatching = bus.dispatch(adjust, { amount: 1 })
    await nextTurn()
    await clock.advance(30_000)

    assert.match(String(essence(await dispatching)), /^on,DEADLINE_EXCEEDED/)
    assert.deepEqual(parking.calls, ['withdraw c1'])
  })

  it('is told of as parked to a caller who does not wait; the outcome is stored', async () => {
    const { bus, parking } = openParkingBus()
    bus.register('a', 'on', adjust, async () => (await parking.open()).result, { name: 'work' })

    const outcome = await bus.dispatch(adjust, { amount: 1 }, { park: 'return' })
    assert.deepEqual(essence(outcome), ['a/work c1'])
    await parking.answer('c1', { payload: 'paid' })

    assert.deepEqual(essence(await parking.outcomeOf(outcome)), ['paid'])
  })

  it('outlives the signal of a caller who was told so', async () => {
    const { bus, parking } = openParkingBus()
    const controller = new AbortController()
    const { signal } = controller
    bus.register('a', 'on', adjust, async () => (await parking.open()).result)

    const outcome = await bus.dispatch(adjust, { amount: 1 }, { park: 'return', signal })
    controller.abort()
    await parking.answer('c1', { payload: 'paid' })

    assert.deepEqual(essence(await parking.outcomeOf(outcome)), ['paid'])
  })

  it('is held again for the next one, and then parked for what was returned', async () => {
    const { bus, parking } = openParkingBus()
    bus.register('a', 'on', adjust, async () => {
      const first = await (await parking.open('first')).result
      const second = await (await parking.open('second')).result
      return [first, second]
    })
    bus.register('b', 'on', adjust, () => parking.open('returned'))

    const dispatching = bus.dispatch(adjust, { amount: 1 })
    await nextTurn()
    assert.deepEqual(
      parking.stand().waits.map(({ callbackId }) => callbackId),
      [...['first', 'returned']],
    )
    await parking.answer('first', { payload: 1 })
    await nextTurn()
    await parking.answer('second', { payload: 2 })
    await nextTurn()
    assert.equal(parking.stand().isHeld, false)
    await parking.answer('returned', { payload: 3 })

    assert.deepEqual(essence(await dispatching), [[1, 2], 3])
    assert.deepEqual(parking.calls, [
      ...['park on held', 'begin on', 'park on held', 'begin on', 'park on', 'resume'],
      ...['begin after', 'end completed'],
    ])
  })

  it('leaves an answer to what was returned until it is over', async () => {
    const { bus, parking } = openParkingBus()
    bus.register('a', 'on', adjust, async () => (await parking.open('awaited')).result)
    bus.register('b', 'on', adjust, () => parking.open('returned'))

    const dispatching = bus.dispatch(adjust, { amount: 1 })
    await nextTurn()
    await parking.answer('returned', { payload: 2 })
    await parking.answer('awaited', { payload: 1 })

    assert.deepEqual(essence(await dispatching), [1, 2])
  })

  it('that comes while it is being stored goes on at once', async () => {
    const { bus, parking } = openParkingBus()
    const stored = Promise.withResolvers<void>()
    bus.register('a', 'on', adjust, async () => {
      const callback = await parking.open()
      parking.gate = stored.promise
      return callback.result
    })

    const dispatching = bus.dispatch(adjust, { amount: 1 }, { park: 'return' })
    await nextTurn()
    await parking.answer('c1', { payload: 'quick' })
    await nextTurn()
    stored.resolve()

    assert.deepEqual(essence(await dispatching), ['quick'])
    assert.deepEqual(parking.calls.slice(-2), ['begin after', 'end completed'])
    assert.deepEqual([bus.inFlight, parking.stands.size], [0, 0])
  })

  it('ends when the handler no longer awaits it: it is withdrawn', async () => {
    const { bus, parking } = openParkingBus()
    const tired = Promise.withResolvers<string>()
    bus.register('a', 'on', adjust, async () => {
      const callback = await parking.open()
      return Promise.race([callback.result, tired.promise])
    })

    const dispatching = bus.dispatch(adjust, { amount: 1 })
    await nextTurn()
    tired.resolve('gave up')

    assert.deepEqual(essence(await dispatching), ['gave up'])
    assert.equal(parking.stateOf('c1'), 'withdrawn')
  })

  it('fails the dispatch that cannot be stored as held', async () => {
    const { bus, parking } = openParkingBus()
    parking.refuses = ['park']
    bus.register('a', 'on', adjust, async () => (await parking.open()).result)

    const outcome = await bus.dispatch(adjust, { amount: 1 })

    assert.deepEqual(essence(outcome), ['on', 'DELIVERY_NOT_STORED: the store is away'])
    assert.deepEqual([parking.stateOf('c1'), bus.inFlight], ['withdrawn', 0])
  })

  it('does not keep who awaits in a before handler beyond the deadline', async () => {
    const clock = new FakeClock()
    const { bus, parking } = openParkingBus({ clock })
    bus.register('a', 'before', adjust, async () => void (await (await parking.open()).result))

    const dispatching = bus.dispatch(adjust, { amount: 1 })
    await nextTurn()
    await clock.advance(30_000)

    assert.match(String(essence(await dispatching)), /^before,DEADLINE_EXCEEDED/)
    assert.equal(parking.stateOf('c1'), 'withdrawn')
  })
})

describe('a callback within the `around` of an event', () => {
  const withAround = (seen: string[]) =>
    defineEvent('step', {
      around() {
        seen.push('set up')
        return () => void seen.push('torn down')
      },
    })

  it('is held in memory, and the set-up with it', async () => {
    const { bus, parking } = openParkingBus()
    const seen: string[] = []
    const step = withAround(seen)
    bus.declare(step, 'a')
    bus.register('a', 'on', step, () => parking.open())
    bus.register('a', 'on', step, () => void seen.push('next'))
    bus.register('a', 'after', step, () => void seen.push('after'))

    const outcome = await bus.dispatch(step, {}, { park: 'return' })
    assert.deepEqual([essence(outcome), seen], [['a c1'], ['set up']])
    assert.equal(parking.stand().isHeld, true)
    await parking.answer('c1', { payload: 'x' })

    assert.deepEqual(essence(await parking.outcomeOf(outcome)), ['x', null])
    assert.deepEqual(seen, ['set up', 'next', 'torn down', 'after'])
  })

  it('fails it, and it is torn down', async () => {
    const { bus, parking } = openParkingBus()
    const seen: string[] = []
    const step = withAround(seen)
    bus.declare(step, 'a')
    bus.register('a', 'on', step, async () => parking.open())

    const dispatching = bus.dispatch(step, {})
    await nextTurn()
    await parking.answer('c1', { error: 'no' })

    assert.deepEqual(essence(await dispatching), ['on', 'CALLBACK_FAILED: no'])
    assert.deepEqual(seen, ['set up', 'torn down'])
  })
})

describe('observers of a held dispatch', () => {
  it('hear of it once, when it is over', async () => {
    const finished: string[] = []
    const observe = {
      finished: ({ kind }: Outcome) => void finished.push(kind),
      handlerFailed() {},
    }
    const { bus, parking } = openParkingBus({ observe })
    bus.register('a', 'on', adjust, async () => (await parking.open()).result)

    const outcome = await bus.dispatch(adjust, { amount: 1 }, { park: 'return' })
    await bus.idle()
    assert.deepEqual(finished, [])
    await parking.answer('c1', { payload: 1 })
    await parking.outcomeOf(outcome)
    await bus.idle()

    assert.deepEqual(finished, ['completed'])
  })
})
