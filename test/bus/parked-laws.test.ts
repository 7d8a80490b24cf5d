import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Bus } from '../../src/bus/bus.ts'
import type { Phase } from '../../src/bus/phase.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { adjust, openBus } from '../helpers/open-bus.ts'
import { type Answer, RecordingParking } from './recording-parking.ts'

/** What a handler does with the callback it opens, or without one. */
interface Behaviour {
  readonly connector: 'a' | 'b' | 'c'
  readonly does: 'answer' | 'throw' | 'return' | 'await' | 'forget' | 'return early'
  readonly turns: number
}

/** What happens from outside, one after the other. */
type Move =
  | { readonly kind: 'answer'; readonly which: number; readonly answer: Answer }
  | { readonly kind: 'restart' }
  | { readonly kind: 'store'; readonly isAway: boolean }
  | { readonly kind: 'wait'; readonly ms: number }

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const someTurns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await nextTurn()
}

const behaviours = (maxLength: number): fc.Arbitrary<Behaviour[]> =>
  fc.array(
    fc.record({
      connector: fc.constantFrom('a', 'b', 'c'),
      does: fc.constantFrom(
        ...(['answer', 'throw', 'return', 'return', 'await', 'forget', 'return early'] as const),
      ),
      turns: fc.nat(2),
    }),
    { maxLength },
  )

const answer: fc.Arbitrary<Answer> = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Answer>({ payload: 1 }) },
  fc.constant<Answer>({ payload: { cancel: 'no' } }),
  fc.constant<Answer>({ error: 'no' }),
  fc.constant<Answer>('expired'),
)

const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant('answer'), which: fc.nat(7), answer }),
    },
    fc.record({ kind: fc.constant('restart') }),
    fc.record({ kind: fc.constant('store'), isAway: fc.boolean() }),
    fc.record({ kind: fc.constant('wait'), ms: fc.constantFrom(1_000, 29_999) }),
  ),
  { maxLength: 12 },
)

/** One dispatch with its handlers, on one bus after the other. */
class World {
  readonly clock = new FakeClock()
  readonly parking = new RecordingParking()
  readonly runs = new Map<string, number>()
  readonly ends: string[] = []
  readonly #plan: Readonly<Record<'before' | 'on', readonly Behaviour[]>>
  #buses: Bus[] = []

  constructor(before: readonly Behaviour[], on: readonly Behaviour[]) {
    this.#plan = { before, on }
  }

  /** A bus with all handlers; who parked on another goes on here. */
  start(): Bus {
    const observe = {
      finished: ({ kind }: { kind: string }) => void this.ends.push(kind),
      handlerFailed() {},
    }
    const { clock, parking } = this
    const { bus } = openBus({ clock, parking, observe })
    for (const phase of ['before', 'on'] as const) {
      for (const [index, behaviour] of this.#plan[phase].entries()) {
        this.#register(bus, phase, index, behaviour)
      }
    }
    bus.register('a', 'after', adjust, () => this.#count('after'))
    parking.bus = bus
    this.#buses.push(bus)
    return bus
  }

  get inFlight(): number {
    return this.#buses.reduce((sum, bus) => sum + bus.inFlight, 0)
  }

  #register(bus: Bus, phase: Phase, index: number, { connector, does, turns }: Behaviour): void {
    const name = `${phase}-${index}`
    bus.register(connector, phase, adjust, async () => {
      this.#count(name)
      await someTurns(turns)
      if (does === 'throw') throw new Error('broken')
      if (does === 'answer') return index
      const callback = await this.parking.open(name)
      if (does === 'return early') await this.parking.answer(name, { payload: 1 })
      if (does === 'await') return callback.result
      return does === 'forget' ? index : callback
    })
  }

  #count(what: string): void {
    this.runs.set(what, (this.runs.get(what) ?? 0) + 1)
  }
}

/** Does what happens, then answers whatever is still open, until it is over. */
async function play(world: World, moves: readonly Move[]): Promise<void> {
  const { clock, parking } = world
  for (const move of moves) {
    await someTurns(1)
    switch (move.kind) {
      case 'answer':
        void parking.answer([...parking.callbacks.keys()][move.which] ?? '', move.answer)
        break
      case 'restart':
        world.start()
        break
      case 'store':
        parking.refuses = move.isAway ? ['park'] : []
        break
      case 'wait':
        await clock.advance(move.ms)
        break
    }
  }
  for (let round = 0; round < 12 && world.ends.length === 0; round++) {
    await someTurns(8)
    for (const [id, { state }] of parking.callbacks) {
      if (state === 'open') void parking.answer(id, { payload: 1 })
    }
    await someTurns(4)
    if (world.inFlight > 0) await clock.advance(30_000)
  }
  await someTurns(4)
}

describe('whatever becomes of callbacks', () => {
  it('a dispatch ends once, every handler runs at most once, and no callback is left open', async () => {
    const onError = fc.constantFrom('fail', 'continue')
    let parked = 0
    await fc.assert(
      fc.asyncProperty(
        behaviours(4),
        behaviours(4),
        moves,
        onError,
        async (before, on, moved, chosen) => {
          const world = new World(before, on)
          const bus = world.start()

          const dispatching = bus.dispatch(adjust, { amount: 1 }, { onError: chosen })
          await play(world, moved)

          assert.deepEqual([world.ends.length, world.inFlight], [1, 0])
          assert.equal((await dispatching).kind, world.ends[0])
          assert.ok(
            [...world.runs.values()].every((count) => count === 1),
            'a handler ran twice',
          )
          const left = [...world.parking.callbacks].filter(([, { state }]) => state === 'open')
          assert.deepEqual(left, [])
          assert.equal(world.parking.stands.size, 0, 'it is still stored as parked')
          assert.equal(world.clock.waiting, 0, 'a timer was left')
          checkOrder(world.parking.calls)
          if (world.parking.calls.includes('resume')) parked++
        },
      ),
      { numRuns: 150 },
    )
    assert.ok(parked > 25, `only ${parked} went on after they were parked`)
  })
})

/** What is stored of a dispatch goes forward. */
function checkOrder(calls: readonly string[]): void {
  const order = ['park before', 'park on', 'begin after', 'end']
  const places = calls
    .map((call) => call.replace('begin on', 'park on'))
    .map((call) => order.findIndex((part) => call.startsWith(part)))
    .filter((place) => place !== -1)
  assert.deepEqual(places, places.toSorted(), calls.join(', '))
  assert.ok(calls.filter((call) => call.startsWith('end')).length <= 1, calls.join(', '))
}
