import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Logger } from '../../src/bus/handler.ts'
import type { Outcome } from '../../src/bus/outcome.ts'
import type { DispatchStand } from '../../src/bus/parking.ts'
import { CarabinerError } from '../../src/errors.ts'
import type { ResumingBus } from '../../src/parking/keeper-parts.ts'
import { openParking } from '../../src/parking/open-parking.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { FakeClock } from '../helpers/fake-clock.ts'

const second = 1_000
const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} }

describe('the keeper', () => {
  it('writes on when the store did a write and its answer was lost', async () => {
    const { keeper, dispatches, losing } = aKeeper()
    await keeper.park(held)

    losing.next = true
    await assert.rejects(keeper.begin(held), { code: 'STORE_UNAVAILABLE' })
    await keeper.begin({ ...held, isHeld: false })
    await keeper.end(completed)

    const found = await dispatches.find(held.dispatchId)
    assert.deepEqual([found?.state, found?.outcome.kind], ['done', 'completed'])
  })

  it('begins nothing that another host has taken over, and leaves what that has stored', async () => {
    const clock = new FakeClock()
    const store = new MemoryStore(clock)
    const lost = aKeeper({ clock, store, hostId: 'lost' })
    await lost.keeper.park(held)
    clock.advance(11 * second)
    const next = aKeeper({ clock, store, hostId: 'next' })
    await next.isDone(held.dispatchId)

    await assert.rejects(lost.keeper.begin(held), { code: 'HOST_LOST' })
    await lost.keeper.end(completed)

    const found = await lost.dispatches.find(held.dispatchId)
    assert.equal(found?.outcome.kind === 'failed' && found.outcome.failures[0]?.code, 'HOST_LOST')
    assert.deepEqual(
      next.finished.map(({ kind }) => kind),
      ['failed'],
    )
  })

  it('gives the others time to say that they live, when the store was away for all', async () => {
    const clock = new FakeClock()
    const real = new MemoryStore(clock)
    const shared = cuttable(real)
    const holder = aKeeper({ clock, store: real, hostId: 'holder' })
    await holder.keeper.park(held)
    const other = aKeeper({ clock, store: shared.store, hostId: 'other' })
    const stateAfter = async (seconds: number): Promise<string | undefined> => {
      for (let passed = 0; passed < seconds; passed++) await other.pass(second)
      return (await other.dispatches.find(held.dispatchId))?.state
    }

    shared.isAway = true
    await other.pass(6 * second)
    await other.pass(6 * second)
    shared.isAway = false
    assert.equal(await stateAfter(8), 'parked')
    await holder.keeper.beat()
    assert.equal(await stateAfter(9), 'parked')

    assert.equal(await stateAfter(15), 'done')
    assert.deepEqual(
      other.finished.map(({ kind }) => kind),
      ['failed'],
    )
  })

  it('returns what was answered before it could be parked, once told to the desk, and expired what is gone', async () => {
    const { keeper, callbacks } = aKeeper()
    using _desk = callbacks.serve({
      url: String,
      sign: () => null,
      resolved: async () => undefined,
    })
    const { book } = callbacks
    const early = await book.create({ waiter: 'dispatches', timeoutMs: second })
    const gone = await book.create({ waiter: 'dispatches', timeoutMs: second })
    await book.complete(early.id, new TextEncoder().encode('1.0'))
    await book.withdraw(gone.id)
    const waits = [early, gone].map(({ id }) => ({ ...wait, callbackId: id }))

    const known = await keeper.park({ ...parked, waits })

    assert.deepEqual(known, [
      { kind: 'completed', callbackId: early.id, payload: 1, payloadText: '1.0' },
      { kind: 'expired', callbackId: gone.id },
    ])
    assert.deepEqual(await book.answered('dispatches', 10), [])
  })

  it('keeps a dispatch as long as the assembly says, and no longer', async () => {
    const { keeper, dispatches, clock, store } = aKeeper()
    await keeper.park(held)
    await keeper.end(completed)

    await store.expireRecords(clock.now() + 59 * second, 100)
    assert.notEqual(await dispatches.find(held.dispatchId), undefined)
    await store.expireRecords(clock.now() + 60 * second, 100)
    assert.equal(await dispatches.find(held.dispatchId), undefined)
  })

  it('goes on with what is answered, however many dispatches it holds, a thousand at a time', async () => {
    const resumed: (() => void)[] = []
    const bus: ResumingBus = { resume: () => new Promise<void>((resolve) => resumed.push(resolve)) }
    const { keeper, callbacks, look } = aKeeper({ bus })
    await Promise.all(ids(1_200).map((id) => keeper.park({ ...held, dispatchId: id })))
    const waiting = ids(1_100, 5_000).map((id) => ({ ...parked, dispatchId: id }))
    for (const stand of waiting) {
      const meta = {
        host: 'host-1',
        by: 'gate',
        dispatch: stand.dispatchId,
        event: 'ship',
        meta: null,
      }
      const { id } = await callbacks.book.create({ waiter: 'dispatches', timeoutMs: second, meta })
      await keeper.park({ ...stand, waits: [{ ...wait, callbackId: id }] })
      await callbacks.book.complete(id, null)
    }

    await look(() => resumed.length >= 1_000)
    assert.equal(resumed.length, 1_000)
    await Promise.all(
      waiting.map(({ dispatchId }) => keeper.end({ ...completed, dispatchId })).slice(0, 200),
    )
    await look(() => resumed.length >= 1_100)
    assert.equal(resumed.length, 1_100)
  })

  it('lets go of what it cannot park: only a host that runs goes on with it', async () => {
    const clock = new FakeClock()
    const options = { hostId: 'idle', store: new MemoryStore(clock), clock, log: silent }
    const { keeper } = openParking({ ...options, observe: { finished() {} } })

    await assert.rejects(keeper.park(parked), { code: 'CALLBACKS_OFF' })
  })
})

const wait = { by: 'gate', connector: 'gate', place: 0, callbackId: 'callback-1', expiresAt: 0 }
const parked: DispatchStand = {
  ...{ dispatchId: '01945e3a-7c00-7000-8000-000000000001', traceId: 'trace', event: 'ship' },
  ...{ params: {}, source: undefined, actor: undefined, depth: 0, workedMs: 3 },
  choice: {
    ...{ include: undefined, exclude: undefined, phases: undefined },
    ...{ first: false, onError: 'fail', timeoutMs: 30_000 },
  },
  ...{ phase: 'on', warnings: [], results: [], waits: [wait], isHeld: false },
}
const held: DispatchStand = { ...parked, isHeld: true }
const completed: Outcome = {
  ...{ dispatchId: parked.dispatchId, traceId: 'trace', event: 'ship', dryRun: false },
  ...{ durationMs: 4, warnings: [], kind: 'completed', results: [] },
}
function ids(count: number, from = 0): readonly string[] {
  const end = (index: number): string => String(from + index).padStart(12, '0')
  return Array.from({ length: count }, (_, index) => `01945e3a-7c00-7000-8000-${end(index)}`)
}
const noBus: ResumingBus = {
  async resume() {
    throw new CarabinerError('SHUTTING_DOWN', 'there is no bus in this test')
  },
}

function aKeeper({
  clock = new FakeClock(),
  store = new MemoryStore(clock),
  hostId = 'host-1',
  bus = noBus,
}: {
  readonly clock?: FakeClock
  readonly store?: Store
  readonly hostId?: string
  readonly bus?: ResumingBus
} = {}) {
  const losing = { next: false }
  const finished: Outcome[] = []
  const parking = openParking({
    ...{ hostId, clock, log: silent, store: losingAnswers(store, losing) },
    observe: { finished: (outcome) => finished.push(outcome) },
  })
  const { keeper, dispatches } = parking
  keeper.start({ bus: () => bus, retentionMs: () => 60 * second })
  return {
    ...{ ...parking, clock, store, losing, finished },
    /** Lets it look until that is so, and once more. */
    async look(isSo: () => boolean): Promise<void> {
      for (let more = 5; more > 0; more -= isSo() ? 1 : 0) {
        clock.advance(second)
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
    /** Lets time pass, and it do what is due. */
    async pass(ms: number): Promise<void> {
      await clock.advance(ms)
      for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
    },
    async isDone(id: string): Promise<void> {
      while ((await dispatches.find(id))?.state !== 'done') {
        clock.advance(second)
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
  }
}

/** A store that no call reaches while it is away. */
function cuttable(real: Store): { readonly store: Store; isAway: boolean } {
  const cut = { isAway: false }
  const refuse = (): Promise<never> =>
    Promise.reject(new CarabinerError('STORE_UNAVAILABLE', 'the store is cut off'))
  const store = new Proxy(real, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target)
      if (typeof value !== 'function') return value
      return (...given: unknown[]): unknown =>
        cut.isAway ? refuse() : Reflect.apply(value, target, given)
    },
  })
  return Object.assign(cut, { store })
}

/** A store that does a write on cue and fails to say so. */
function losingAnswers(real: Store, losing: { next: boolean }): Store {
  return new Proxy(real, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target)
      if (typeof value !== 'function') return value
      const call = (...given: unknown[]): unknown => Reflect.apply(value, target, given)
      if (property !== 'writeRecords') return call
      return async (...given: unknown[]) => {
        await call(...given)
        if (!losing.next) return
        losing.next = false
        throw new CarabinerError('STORE_UNAVAILABLE', 'the answer was lost')
      }
    },
  })
}
