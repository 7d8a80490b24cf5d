import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Type } from 'typebox'
import { currentDispatch } from '../../src/bus/current-dispatch.ts'
import { defineEvent } from '../../src/bus/event.ts'
import type { Outcome } from '../../src/bus/outcome.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { adjust, openBus } from '../helpers/open-bus.ts'
import { essence, openParkingBus } from './parking-bus.ts'
import { RecordingParking } from './recording-parking.ts'

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const never = (): Promise<never> => new Promise(() => {})

describe('a decision left to a callback', () => {
  it('parks the dispatch, and lets it happen when it allows', async () => {
    const { bus, parking } = openParkingBus()
    const seen: string[] = []
    bus.register('a', 'before', adjust, () => parking.open(), { name: 'gate' })
    bus.register('b', 'before', adjust, () => void seen.push('before'))
    bus.register('b', 'on', adjust, ({ params }) => {
      seen.push('on')
      return params.amount
    })
    bus.register('b', 'after', adjust, () => void seen.push('after'))

    const dispatching = bus.dispatch(adjust, { amount: 7 })
    await nextTurn()
    assert.deepEqual([seen, bus.inFlight], [['before'], 0])
    const resumed = await parking.answer('c1', { payload: null })

    assert.deepEqual(essence(resumed), [7])
    assert.deepEqual(await dispatching, resumed)
    assert.deepEqual(seen, ['before', 'on', 'after'])
    assert.deepEqual(parking.calls, [
      ...['park before', 'resume', 'begin on', 'begin after', 'end completed'],
    ])
    assert.equal(bus.inFlight, 0)
  })

  it('is told of as parked to a caller who does not wait', async () => {
    const { bus, parking } = openParkingBus()
    bus.register('a', 'before', adjust, () => parking.open(), { name: 'gate' })

    const outcome = await bus.dispatch(adjust, { amount: 1 }, { park: 'return', actor: 'eva' })

    const { durationMs, dispatchId, ...rest } = outcome
    assert.deepEqual(rest, {
      ...{ traceId: dispatchId, event: 'adjust', dryRun: false, warnings: [], kind: 'parked' },
      waitingFor: [{ by: 'a/gate', callbackId: 'c1', expiresAt: '2030-01-01T00:00:00.000Z' }],
    })
    const { workedMs, ...stand } = parking.stand()
    assert.deepEqual(stand, {
      ...{ dispatchId, traceId: dispatchId, event: 'adjust', params: { amount: 1 }, actor: 'eva' },
      ...{ depth: 0, phase: 'before', warnings: [], results: [], isHeld: false },
      choice: { first: false, onError: 'fail', timeoutMs: 30_000 },
      waits: [
        { by: 'a/gate', connector: 'a', place: 0, callbackId: 'c1', expiresAt: 1_893_456_000_000 },
      ],
    })
  })

  it('has worked for as long as it says, to the microsecond, wherever it is told', async () => {
    const clock = new FakeClock()
    const { bus, parking } = openParkingBus({ clock })
    bus.register('a', 'before', adjust, async () => {
      await clock.advance(326.22084600000017)
      return parking.open()
    })

    const { durationMs } = await bus.dispatch(adjust, { amount: 1 }, { park: 'return' })

    assert.deepEqual([durationMs, parking.stand().workedMs], [326.221, 326.221])
  })

  const answers = [
    [{ payload: { cancel: 'too late' } }, 'cancelled by a/gate: too late'],
    [{ error: 'not today' }, 'cancelled by a/gate: not today'],
    ['expired', ['before', 'CALLBACK_EXPIRED: callback timed out']],
    [{ payload: { cancel: null } }, ['done']],
    [{ payload: { cancel: false, note: 'go' } }, ['done']],
    [{ payload: 'cancel' }, ['done']],
    [
      { payload: { cancel: true } },
      ['before', 'CALLBACK_FAILED: the `cancel` of its payload is no text'],
    ],
  ] as const
  for (const [answer, expected] of answers) {
    it(`answered with ${JSON.stringify(answer)} comes to ${JSON.stringify(expected)}`, async () => {
      const { bus, parking } = openParkingBus()
      bus.register('a', 'before', adjust, () => parking.open(), { name: 'gate' })
      bus.register('b', 'on', adjust, () => 'done')

      const dispatching = bus.dispatch(adjust, { amount: 1 })
      await nextTurn()
      await parking.answer('c1', answer)

      assert.deepEqual(essence(await dispatching), expected)
    })
  }

  it('is read by `resolved`, which runs like a before handler of its connector', async () => {
    const { bus, parking } = openParkingBus()
    const seen: unknown[] = []
    bus.register('a', 'before', adjust, () => parking.open(), {
      name: 'gate',
      resolved: async ({ params, phase, cancel, warn }, resolution) => {
        await nextTurn()
        const at = currentDispatch()
        seen.push(params, phase, at?.by, at?.dispatchId, resolution)
        warn('read')
        cancel('as I read it', { amount: params['amount'] })
      },
    })

    const dispatching = bus.dispatch(adjust, { amount: 4 })
    await nextTurn()
    await parking.answer('c1', { payload: { cancel: 'as it says' } })
    const outcome = await dispatching

    assert.equal(essence(outcome), 'cancelled by a/gate: as I read it')
    assert.deepEqual(outcome.warnings, [{ source: 'a/gate', message: 'read' }])
    assert.deepEqual(seen, [
      ...[{ amount: 4 }, 'before', 'a/gate', outcome.dispatchId],
      {
        ...{ kind: 'completed', callbackId: 'c1', payload: { cancel: 'as it says' } },
        payloadText: '{"cancel":"as it says"}',
      },
    ])
  })

  it('is read by the very handler that returned it, of two with one label', async () => {
    const { bus, parking } = openParkingBus()
    const seen: string[] = []
    for (const who of ['first', 'second']) {
      bus.register('a', 'before', adjust, () => parking.open(who), {
        resolved: (_, { callbackId }) => void seen.push(`${who} reads ${callbackId}`),
      })
    }

    const dispatching = bus.dispatch(adjust, { amount: 1 })
    await nextTurn()
    const still = await parking.answer('second', { payload: null })
    assert.deepEqual(essence(still), ['a first'])
    await parking.answer('first', { payload: null })

    assert.equal((await dispatching).kind, 'completed')
    assert.deepEqual(seen, ['second reads second', 'first reads first'])
  })

  it('may be left to a further callback by who reads it', async () => {
    const { bus, parking } = openParkingBus()
    bus.register('b', 'before', adjust, () => {}, { name: 'gate' })
    bus.register('a', 'before', adjust, () => parking.open('first'), {
      name: 'gate',
      resolved: (_, { callbackId }) =>
        callbackId === 'first' ? parking.open('second') : undefined,
    })

    const dispatching = bus.dispatch(adjust, { amount: 1 })
    await nextTurn()
    const still = await parking.answer('first', { payload: null })
    assert.deepEqual(essence(still), ['a/gate second'])
    await parking.answer('second', { payload: null })

    assert.equal((await dispatching).kind, 'completed')
  })

  it('has a deadline of its own for who reads it', async () => {
    const clock = new FakeClock()
    const { bus, parking } = openParkingBus({ clock })
    bus.register('a', 'before', adjust, () => parking.open(), { resolved: never, timeout: '2s' })

    const dispatching = bus.dispatch(adjust, { amount: 1 })
    await nextTurn()
    await clock.advance(3_600_000)
    void parking.answer('c1', { payload: null })
    await nextTurn()
    await clock.advance(2_000)

    const said = 'HANDLER_TIMEOUT: did not answer within its timeout of 2s'
    assert.deepEqual(essence(await dispatching), ['before', said])
    assert.equal(clock.waiting, 0)
  })

  it('is told to each that waits; the first cancellation ends it and withdraws the rest', async () => {
    const { bus, parking } = openParkingBus()
    for (const name of ['one', 'two', 'three']) {
      bus.register('a', 'before', adjust, () => parking.open(name), { name })
    }

    const dispatching = bus.dispatch(adjust, { amount: 1 })
    await nextTurn()
    assert.deepEqual(essence(await parking.answer('two', { payload: null })), [
      ...['a/one one', 'a/three three'],
    ])
    await parking.answer('three', { error: 'no' })

    assert.equal(essence(await dispatching), 'cancelled by a/three: no')
    assert.equal(parking.stateOf('one'), 'withdrawn')
    assert.deepEqual(parking.calls, [
      ...['park before', 'resume', 'park before', 'resume', 'withdraw one', 'end cancelled'],
    ])
  })

  it('answered before it is parked is acted on at once', async () => {
    const { bus, parking } = openParkingBus()
    bus.register('a', 'before', adjust, async () => {
      const callback = await parking.open()
      await parking.answer(callback.id, { payload: null })
      return callback
    })
    bus.register('b', 'on', adjust, () => 'done')

    const outcome = await bus.dispatch(adjust, { amount: 1 }, { park: 'return' })

    assert.deepEqual(essence(outcome), ['done'])
    assert.deepEqual(parking.calls, ['park before', 'begin on', 'begin after', 'end completed'])
  })
})

describe('callbacks of a before phase that ends without them', () => {
  const ends = {
    'a cancellation': { cancels: true },
    'a failure': { throws: true },
  } as const
  for (const [name, how] of Object.entries(ends)) {
    it(`are withdrawn by ${name}`, async () => {
      const { bus, parking } = openParkingBus()
      bus.register('a', 'before', adjust, () => parking.open())
      bus.register('b', 'before', adjust, async ({ cancel }) => {
        await nextTurn()
        if ('cancels' in how) cancel('no')
        throw new Error('broken')
      })

      const outcome = await bus.dispatch(adjust, { amount: 1 })

      assert.equal(outcome.kind, 'cancels' in how ? 'cancelled' : 'failed')
      assert.deepEqual(parking.calls, ['withdraw c1'])
      assert.equal(parking.stateOf('c1'), 'withdrawn')
    })
  }

  it('are withdrawn by the deadline', async () => {
    const clock = new FakeClock()
    const { bus, parking } = openParkingBus({ clock })
    bus.register('a', 'before', adjust, () => parking.open())
    bus.register('b', 'before', adjust, never)

    const dispatching = bus.dispatch(adjust, { amount: 1 })
    await nextTurn()
    await clock.advance(30_000)

    assert.equal((await dispatching).kind, 'failed')
    assert.equal(parking.stateOf('c1'), 'withdrawn')
  })

  it('are withdrawn by the signal of the caller', async () => {
    const { bus, parking } = openParkingBus()
    const controller = new AbortController()
    bus.register('a', 'before', adjust, () => parking.open())
    bus.register('b', 'before', adjust, never)

    const dispatching = bus.dispatch(adjust, { amount: 1 }, { signal: controller.signal })
    await nextTurn()
    controller.abort()

    assert.equal((await dispatching).kind, 'failed')
    assert.equal(parking.stateOf('c1'), 'withdrawn')
  })

  it('are withdrawn by whoever opens them, when they are opened too late', async () => {
    const { bus, parking } = openParkingBus()
    const gate = Promise.withResolvers<void>()
    parking.gate = gate.promise
    bus.register('a', 'before', adjust, () => parking.open())
    bus.register('b', 'before', adjust, ({ cancel }) => cancel('no'))

    const outcome = await bus.dispatch(adjust, { amount: 1 })
    gate.resolve()
    await nextTurn()

    assert.equal(outcome.kind, 'cancelled')
    assert.equal(parking.stateOf('c1'), 'withdrawn')
  })

  it('are withdrawn when it is parked for others', async () => {
    const { bus, parking } = openParkingBus()
    bus.register('a', 'before', adjust, async () => void (await parking.open('idle')))
    bus.register('b', 'before', adjust, () => parking.open('gate'))

    await bus.dispatch(adjust, { amount: 1 }, { park: 'return' })

    assert.deepEqual([parking.stateOf('idle'), parking.stateOf('gate')], ['withdrawn', 'open'])
  })

  it('are withdrawn when the dispatch cannot be stored', async () => {
    const { bus, parking } = openParkingBus()
    parking.refuses = ['park']
    bus.register('a', 'before', adjust, () => parking.open())

    const outcome = await bus.dispatch(adjust, { amount: 1 })

    assert.deepEqual(essence(outcome), ['before', 'STORE_UNAVAILABLE: the store is away'])
    assert.deepEqual(parking.calls, ['park before', 'withdraw c1'])
    assert.equal(bus.inFlight, 0)
  })
})

describe('where no decision can be left to a callback', () => {
  const refusals = {
    'in a dry run': { options: { dryRun: true }, phase: 'before' },
    'of an event that does not park': { options: {}, phase: 'before', parks: false },
    'on a bus that cannot park': { options: {}, phase: 'before', isOff: true },
    'in an after handler': { options: {}, phase: 'after' },
  } as const
  for (const [name, { options, phase, ...rest }] of Object.entries(refusals)) {
    it(`it is refused ${name}`, async () => {
      const parking = new RecordingParking()
      const { bus } = openBus('isOff' in rest ? {} : { parking })
      const event = defineEvent('ask', { parks: !('parks' in rest) })
      bus.declare(event, 'a')
      let refusal: string | undefined
      bus.register('a', phase, event, () => {
        refusal = currentDispatch()?.refusal
      })

      await bus.dispatch(event, {}, options)

      assert.match(refusal ?? 'none', /dry run|after handler|does not park/)
    })
  }

  it('a callback that somebody else has opened, or whose answer is awaited, is a failure', async () => {
    const { bus, parking } = openParkingBus()
    const first = Promise.withResolvers<Awaited<ReturnType<typeof parking.open>>>()
    bus.register('a', 'before', adjust, async ({ params }) => {
      if (params.amount === 2) return first.promise
      const callback = await parking.open()
      if (params.amount === 3) void callback.result.then(() => undefined)
      first.resolve(callback)
      return callback
    })

    const parked = await bus.dispatch(adjust, { amount: 1 }, { park: 'return' })
    const foreign = await bus.dispatch(adjust, { amount: 2 })
    const awaited = await bus.dispatch(adjust, { amount: 3 })

    assert.equal(parked.kind, 'parked')
    for (const outcome of [foreign, awaited]) {
      assert.equal(outcome.kind, 'failed')
      assert.match(String(essence(outcome)), /HANDLER_FAILED: the callback .* cannot be returned/)
    }
  })

  it('`resolved` belongs to before handlers alone', () => {
    const { bus } = openParkingBus()
    const resolved = (): void => {}

    assert.throws(() => bus.register('a', 'on', adjust, () => 1, { resolved }), {
      name: 'TypeError',
      message: 'the handler of `a` for `adjust` has `resolved`: that is for before handlers',
    })
    // @ts-expect-error -- no function
    assert.throws(() => bus.register('a', 'before', adjust, () => {}, { resolved: 1 }), TypeError)
  })

  it('`park` is one of two words', async () => {
    const { bus } = openParkingBus()

    // @ts-expect-error -- a third
    await assert.rejects(bus.dispatch(adjust, { amount: 1 }, { park: 'never' }), TypeError)
  })
})

describe('a parked decision after a restart', () => {
  it('goes on where the answer comes, without before handlers running again', async () => {
    const { bus, parking } = openParkingBus()
    const seen: string[] = []
    bus.register('a', 'before', adjust, () => parking.open(), { name: 'gate' })
    const parked = await bus.dispatch(
      adjust,
      { amount: 2 },
      { park: 'return', actor: 'eva', traceId: 'trace', source: '{"amount":2.0}' },
    )
    const second = openBus({ parking }).bus
    parking.bus = second
    second.register('a', 'before', adjust, () => void seen.push('before again'), {
      name: 'gate',
      resolved: () => void seen.push('resolved'),
    })
    second.register('b', 'on', adjust, ({ params, actor, traceId, source, dispatchId }) => {
      seen.push('on')
      return { params, actor, traceId, source, isSame: dispatchId === parked.dispatchId }
    })

    const outcome = await parking.answer('c1', { payload: null })

    assert.deepEqual(seen, ['resolved', 'on'])
    const expected = { params: { amount: 2 }, actor: 'eva', traceId: 'trace' }
    assert.deepEqual(essence(outcome), [{ ...expected, source: '{"amount":2.0}', isSame: true }])
  })

  it('reads the answer itself when the handler is not there any more', async () => {
    const { bus, parking } = openParkingBus()
    bus.register('a', 'before', adjust, () => parking.open(), { name: 'gate' })
    await bus.dispatch(adjust, { amount: 2 }, { park: 'return' })
    const second = openBus({ parking }).bus
    parking.bus = second
    second.register('a', 'before', adjust, () => {}, { name: 'other', resolved: never })

    const outcome = await parking.answer('c1', { payload: { cancel: 'no' } })

    assert.equal(essence(outcome), 'cancelled by a/gate: no')
  })

  it('keeps to the connectors, phases and ways of failing that were chosen', async () => {
    const { bus, parking } = openParkingBus()
    const seen: string[] = []
    bus.register('a', 'before', adjust, () => parking.open())
    const options = { include: ['a', 'b'], exclude: ['c'], phases: ['before', 'on'] } as const
    await bus.dispatch(adjust, { amount: 2 }, { ...options, onError: 'continue', park: 'return' })
    const second = openBus({ parking }).bus
    parking.bus = second
    second.register('b', 'on', adjust, () => {
      throw new Error('broken')
    })
    second.register('c', 'on', adjust, () => void seen.push('excluded'))
    second.register('b', 'after', adjust, () => void seen.push('after'))

    const outcome = await parking.answer('c1', { payload: null })

    assert.deepEqual(essence(outcome), ['HANDLER_FAILED'])
    assert.deepEqual(seen, [])
  })

  it('fails when its event is unknown, or its params no longer match', async () => {
    const { bus, parking } = openParkingBus()
    bus.register('a', 'before', adjust, () => parking.open())
    await bus.dispatch(adjust, { amount: 2 }, { park: 'return' })
    const stand = parking.stand()
    const finished: string[] = []
    const observe = {
      finished: ({ kind }: Outcome) => void finished.push(kind),
      handlerFailed() {},
    }
    const second = openBus({ parking, observe }).bus

    const unknown = await second.resume({ ...stand, event: 'gone' }, [])
    const invalid = await second.resume({ ...stand, params: { amount: 'much' } }, [])

    assert.match(String(essence(unknown)), /^before,EVENT_UNKNOWN: there is no event `gone`/)
    assert.match(String(essence(invalid)), /^before,EVENT_PARAMS_INVALID: /)
    assert.deepEqual(finished, ['failed', 'failed'])
    assert.deepEqual(parking.calls.slice(1), [
      ...['withdraw c1', 'end failed', 'withdraw c1', 'end failed'],
    ])
    assert.equal(second.inFlight, 0)
  })

  it('is refused by a bus without parking, and when it is held elsewhere', async () => {
    const { bus, parking } = openParkingBus()
    bus.register('a', 'before', adjust, () => parking.open())
    await bus.dispatch(adjust, { amount: 2 }, { park: 'return' })
    const stand = parking.stand()

    await assert.rejects(openBus().bus.resume(stand, []), TypeError)
    await assert.rejects(bus.resume({ ...stand, isHeld: true }, []), TypeError)
    await assert.rejects(bus.resume({ ...stand, phase: 'after' }, []), TypeError)
  })

  it('does not begin the on phase, nor the after phase, that cannot be stored to have begun', async () => {
    for (const phase of ['on', 'after'] as const) {
      const { bus, parking } = openParkingBus()
      const seen: string[] = []
      bus.register('a', 'before', adjust, () => parking.open())
      bus.register('b', 'on', adjust, () => void seen.push('on'))
      bus.register('b', 'after', adjust, () => void seen.push('after'))
      parking.refuses = [`begin ${phase}`]

      const dispatching = bus.dispatch(adjust, { amount: 2 })
      await nextTurn()
      await parking.answer('c1', { payload: null })

      // Only what never happened is told so that it is tried again.
      const expected =
        phase === 'on'
          ? ['before', 'STORE_UNAVAILABLE: the store is away']
          : ['after', 'DELIVERY_NOT_STORED: the store is away']
      assert.deepEqual(essence(await dispatching), expected)
      assert.deepEqual(seen, phase === 'on' ? [] : ['on'])
    }
  })
})

describe('the time of a parked decision', () => {
  it('does not count, and the rest has all of its time again', async () => {
    const clock = new FakeClock()
    const { bus, parking } = openParkingBus({ clock })
    const left: number[] = []
    bus.register('a', 'before', adjust, async () => {
      await clock.sleep(4_000)
      return parking.open()
    })
    bus.register('b', 'on', adjust, async ({ deadline }) => {
      left.push(deadline - clock.now())
      await clock.sleep(7_000)
      left.push(deadline - clock.now())
    })

    const dispatching = bus.dispatch(adjust, { amount: 1 }, { timeout: '10s' })
    await nextTurn()
    await clock.advance(4_000)
    await nextTurn()
    assert.equal(parking.stand().workedMs, 4_000)
    await clock.advance(3_600_000)
    void parking.answer('c1', { payload: null })
    await nextTurn()
    await clock.advance(7_000)
    const outcome = await dispatching

    assert.equal(outcome.kind, 'completed')
    assert.deepEqual(left, [10_000, 3_000])
    assert.equal(outcome.durationMs, 11_000)
    assert.equal(clock.waiting, 0)
  })

  it('ends, for a caller who gives up, in what is known: that it is parked', async () => {
    const { bus, parking } = openParkingBus()
    const controller = new AbortController()
    bus.register('a', 'before', adjust, () => parking.open())

    const dispatching = bus.dispatch(adjust, { amount: 1 }, { signal: controller.signal })
    await nextTurn()
    controller.abort()

    assert.equal((await dispatching).kind, 'parked')
    assert.equal((await parking.answer('c1', { payload: null }))?.kind, 'completed')
  })

  it('observers hear of it once, when it is over', async () => {
    const finished: string[] = []
    const observe = {
      finished: ({ kind }: Outcome) => void finished.push(kind),
      handlerFailed() {},
    }
    const { bus, parking } = openParkingBus({ observe })
    bus.register('a', 'before', adjust, () => parking.open())

    await bus.dispatch(adjust, { amount: 1 }, { park: 'return' })
    await bus.idle()
    assert.deepEqual(finished, [])
    await parking.answer('c1', { error: 'no' })

    assert.deepEqual(finished, ['cancelled'])
  })

  it('what is owed is stored when it has happened, once', async () => {
    const committed: string[] = []
    const outbox = {
      ready() {},
      commit: async (owed: readonly string[]) => void committed.push(...owed),
    }
    const parking = new RecordingParking()
    const { bus } = openBus<string>({ parking, outbox })
    parking.bus = bus
    bus.register('a', 'before', adjust, () => parking.open())
    bus.owe('b', adjust, ({ params }) => [`owed ${params.amount}`])

    const dispatching = bus.dispatch(adjust, { amount: 3 })
    await nextTurn()
    assert.deepEqual(committed, [])
    await parking.answer('c1', { payload: null })

    assert.equal((await dispatching).kind, 'completed')
    assert.deepEqual(committed, ['owed 3'])
  })
})

describe('the params of a parked dispatch', () => {
  it('are read again as they were', async () => {
    const { bus, parking } = openParkingBus()
    const order = defineEvent('order', {
      params: Type.Object({ items: Type.Array(Type.Object({ id: Type.String() })) }),
    })
    bus.declare(order, 'a')
    bus.register('a', 'before', order, () => parking.open())
    bus.register('b', 'on', order, ({ params }) => ({
      params,
      isFrozen: Object.isFrozen(params.items[0]),
    }))

    const dispatching = bus.dispatch(order, { items: [{ id: 'x' }] })
    await nextTurn()
    await parking.answer('c1', { payload: null })

    const expected = { params: { items: [{ id: 'x' }] }, isFrozen: true }
    assert.deepEqual(essence(await dispatching), [expected])
  })
})
