import { CarabinerError } from '../../src/errors.ts'
import type { Settlement, Store } from '../../src/store/store.ts'

/** How a call fails: before anything is written, or after it was, so that only the answer is lost. */
export type FailureKind = 'before' | 'after'

export interface FailingStore {
  readonly store: Store
  /** Names of the calls made so far. */
  readonly calls: readonly string[]
  /** How often each delivery was settled for good, as the store itself said. */
  readonly settled: ReadonlyMap<string, number>
  /** Every call fails until it is back. */
  away: boolean
}

const watched: ReadonlySet<string> = new Set([
  'enqueue',
  'claim',
  'nextDueAt',
  'renew',
  'release',
  'settle',
  'recover',
  'beat',
  'endpointStates',
  'updateEndpoint',
  'takeProbe',
  'takeSlots',
  'bury',
  'redeliveries',
  'holdRedelivery',
  'advanceRedelivery',
])

/** A store whose calls fail on cue. @param fails - asked for each call, with its place in the row of calls */
export function failingStore(
  real: Store,
  fails: (index: number, name: string) => FailureKind | undefined = () => undefined,
): FailingStore {
  const calls: string[] = []
  const settled = new Map<string, number>()
  const state = { away: false }

  const call = async (name: string, run: () => unknown, settlements: unknown): Promise<unknown> => {
    const index = calls.push(name) - 1
    const kind = state.away ? 'before' : fails(index, name)
    if (kind === 'before') throw storeAway(name)
    const result = await run()
    if (name === 'settle') count(settled, settlements as Settlement[], result as boolean[])
    if (kind === 'after') throw storeAway(name)
    return result
  }

  const store = new Proxy(real, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target)
      if (typeof value !== 'function') return value
      const run = (...args: unknown[]): unknown => Reflect.apply(value, target, args)
      if (typeof property !== 'string' || !watched.has(property)) return run
      return (...args: unknown[]) => call(property, () => run(...args), args[0])
    },
  })
  return {
    store,
    calls,
    settled,
    get away() {
      return state.away
    },
    set away(away) {
      state.away = away
    },
  }
}

function count(settled: Map<string, number>, settlements: Settlement[], ours: boolean[]): void {
  settlements.forEach(({ id, next }, index) => {
    if (ours[index] === true && next.kind !== 'pending') settled.set(id, (settled.get(id) ?? 0) + 1)
  })
}

function storeAway(name: string): CarabinerError {
  return new CarabinerError('STORE_UNAVAILABLE', `the store failed on cue, at ${name}`)
}
